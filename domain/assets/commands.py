"""What can be asked of an asset."""

from uuid import UUID

from domain.kernel.commands import Command


class RenameAsset(Command):
    asset_id: UUID
    account_id: UUID
    sealed_filename: str


class DeleteAsset(Command):
    asset_id: UUID
    account_id: UUID
