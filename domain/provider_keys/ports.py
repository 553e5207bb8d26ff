"""Where the keys themselves are kept, as the rest of the house sees it."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID


class OwnKeys(Protocol):
    """The keys that callers brought, sealed under their account's data key. `infra/secrets/own_keys.py` implements it.

    Only a key that the account's stream names counts; whatever else lies there is left over from a process that was stopped.
    """

    async def keep(self, account_id: UUID, provider: str, key_id: UUID, api_key: str) -> None:
        """Durable when it returns, before the fact that names it.   Raises Erased."""

    async def key(self, account_id: UUID, provider: str) -> str | None:
        """The key in force; None when there is none.   Raises Erased, ValueError when what is kept was altered."""

    async def drop(self, account_id: UUID, key_ids: Sequence[UUID]) -> None:
        """Destroy these, and what was left over by earlier attempts. What is not there is fine."""

    async def sweep(self) -> int:
        """Destroy what was left over in any account. Of how many accounts was looked at."""
