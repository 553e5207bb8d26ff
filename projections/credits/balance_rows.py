"""The rows of a balance."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class GrantRow(msgspec.Struct, kw_only=True):
    """A live grant: `free` of it can be spent, `held` is bound by holds. In whole credits."""

    id: UUID
    source: str
    priority: int
    expires_at: datetime | None
    free: int
    held: int
    created_position: int


class BalanceRow(msgspec.Struct, kw_only=True):
    """Whole credits. `grants` are the live ones in burn order; `granted` leaves out refunds, `spent` is charged before refunds.

    `revoked` was taken back or corrected away, also where it had been spent and is owed since (`owed` is never positive).
    So available + held + owed = granted + refunded - spent - expired - revoked. `position`: the account's last ledger fact that
    was counted.
    """

    account_id: UUID
    available: int
    held: int
    owed: int
    granted: int
    spent: int
    refunded: int
    expired: int
    revoked: int
    grants: list[GrantRow]
    position: int


def burn_order(grant: GrantRow) -> tuple[Any, ...]:
    """Priority, expiry, creation, id."""
    expires_at = grant.expires_at
    return grant.priority, expires_at is None, expires_at.timestamp() if expires_at else 0, grant.created_position, grant.id
