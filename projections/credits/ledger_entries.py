"""Ledger entries: an account's history, one row a ledger fact, with running balances."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec
from psycopg import AsyncConnection


class EntryPart(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an entry belongs to which grant."""

    id: UUID
    amount: int


class LedgerEntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """`type`: grant, refund, hold, capture, release, expiry. `amount` is positive: what was granted, held, charged, freed or lapsed.

    `charge_id` stands on a capture, `refunds_charge_id` on a refund. `sealed_memo` is ciphertext. `effective_at` is the
    fact's own time, `recorded_at` when the log took it.
    """

    position: int
    account_id: UUID
    type: str
    amount: int
    available_after: int
    held_after: int
    generation_id: UUID | None
    order_id: UUID | None
    charge_id: UUID | None
    refunds_charge_id: UUID | None
    grants: list[EntryPart]
    source: str | None
    reason: str | None
    sealed_memo: str | None
    expires_at: datetime | None
    recorded_at: datetime
    effective_at: datetime

    @property
    def id(self) -> UUID:
        """The entry's public id; it follows from account and position."""
        return uuid5(self.account_id, str(self.position))


async def page_of_ledger_entries(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID | None,
    types: Sequence[str] = (),
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[LedgerEntryRow]:
    """Entries by position (`created_*` compare `recorded_at`). `after_position` is the `position` of the last row seen."""
    raise NotImplementedError
