"""Balances: what each account can spend, what is held, and the live grants it comes from."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection


class GrantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A live grant: `free` of it can be spent, `held` is bound by holds. In whole credits."""

    id: UUID
    source: str
    priority: int
    expires_at: datetime | None
    free: int
    held: int
    created_position: int


class BalanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """Whole credits. `grants` are the live ones in burn order; `granted` leaves out refunds, `spent` is charged before refunds.

    `position`: the account's last ledger fact that was counted.
    """

    account_id: UUID
    available: int
    held: int
    owed: int
    granted: int
    spent: int
    refunded: int
    expired: int
    grants: list[GrantRow]
    position: int


async def balance_of(conn: AsyncConnection[Any], account_id: UUID) -> BalanceRow | None:
    """The balance as far as the read model has seen; None before the account's ledger was opened."""
    raise NotImplementedError


async def latest_balance_of(conn: AsyncConnection[Any], account_id: UUID) -> BalanceRow | None:
    """The balance as of the end of the log, also while the read model is behind: its row and the account's later facts, folded."""
    raise NotImplementedError
