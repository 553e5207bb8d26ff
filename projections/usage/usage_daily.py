"""Usage by day, kind and model, and the statistics of an account. A day is UTC; an end counts on the day it happened."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One group: exactly one of `day`, `kind`, `model` is set. Credits are whole; `spent` is before refunds."""

    day: date | None
    kind: str | None
    model: str | None
    requested: int
    succeeded: int
    failed: int
    canceled: int
    spent: int
    refunded: int


class StatisticsRow(msgspec.Struct, frozen=True, kw_only=True):
    """`by_status` has all six states, `by_kind` those that were used. `bytes_stored` counts assets that are not deleted."""

    by_status: dict[str, int]
    by_kind: dict[str, int]
    generations: int
    spent: int
    refunded: int
    assets: int
    bytes_stored: int
    first_used_at: datetime | None
    last_used_at: datetime | None


async def usage_of(
    conn: AsyncConnection[Any], account_id: UUID | None, *, from_day: date | None, to_day: date | None, group_by: str
) -> list[UsageRow]:
    """Sums of the days in [from_day, to_day), by "day", "kind" or "model", in the group's order. `account_id` None: of everybody."""
    raise NotImplementedError


async def statistics_of(conn: AsyncConnection[Any], account_id: UUID | None) -> StatisticsRow:
    """What an account (None: everybody) has done so far; all zero before its first use."""
    raise NotImplementedError
