"""What can be asked of an account's own provider keys."""

from uuid import UUID

from domain.kernel.commands import Command


class SetProviderKey(Command):
    """The key lies in the vault as `key_id`. Result: {"key_id": …, "replaced": the key_id before it, or null}."""

    account_id: UUID
    provider: str
    key_id: UUID


class RemoveProviderKey(Command):
    """Result: {"removed": key_id}."""

    account_id: UUID
    provider: str
