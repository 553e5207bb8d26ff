"""What an erasure needs of the database, beside the journal and the vault."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure that was requested and is not complete. `requested_at` is when the log took the request."""

    account_id: UUID
    requested_at: datetime


class StoredAsset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as it entered the log at `position`. `deleted`: its deletion is a fact already."""

    position: int
    asset_id: UUID
    object_key: str
    thumbnail_key: str | None
    deleted: bool


class Erasures(Protocol):
    """Open erasures and what still belongs to their people, read from the log itself: read models may be behind."""

    async def due(self, limit: int) -> list[Due]:
        """The oldest open ones."""

    async def of(self, account_id: UUID) -> Due | None:
        """The open erasure of one account."""

    async def open_generations(self, account_id: UUID, limit: int) -> list[UUID]:
        """Generations of the account that are not final."""

    async def assets(self, account_id: UUID, after: int, limit: int) -> list[StoredAsset]:
        """All assets that the account ever had, by position, after position *after*."""

    async def forget(self, account_id: UUID) -> None:
        """Delete what is kept of the person beside the log: sessions with their tokens, and snapshots of his streams."""


class KeyKeeping(Protocol):
    """The keys above the subject keys."""

    async def keep(self, *, now: datetime) -> None:
        """Whatever is due at *now*: a new epoch, keys moved to it, old epochs destroyed, all of it under the secret key in force."""
