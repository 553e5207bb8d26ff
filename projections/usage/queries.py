"""Questions about usage."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

# Sums of days; NULL stands for no bound. One statement a group, so that each can be read and planned as it stands.
_GROUP = """
    SELECT {day} AS day, {kind} AS kind, {model} AS model, sum(requested)::bigint AS requested, sum(succeeded)::bigint AS succeeded,
           sum(failed)::bigint AS failed, sum(canceled)::bigint AS canceled, sum(spent)::bigint AS spent,
           sum(refunded)::bigint AS refunded
    FROM read.usage_daily_v2
    WHERE (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
      AND (%(from_day)s::date IS NULL OR day >= %(from_day)s) AND (%(to_day)s::date IS NULL OR day < %(to_day)s)
    GROUP BY {group} ORDER BY {group}
"""
GROUPS = {
    "day": _GROUP.format(day="day", kind="NULL::text", model="NULL::text", group="usage_daily_v2.day"),
    "kind": _GROUP.format(day="NULL::date", kind="kind", model="NULL::text", group="usage_daily_v2.kind"),
    "model": _GROUP.format(day="NULL::date", kind="NULL::text", model="model", group="usage_daily_v2.model"),
}
# One statement, so that all of it is of one moment: a generation that ends between two would be counted in neither, or in both. Ends and
# credits come from the days; what is open is counted by the index on account and status, for it is little; assets out of their index alone.
STATISTICS = """
    WITH days AS (
        SELECT kind, requested, succeeded, failed, canceled, spent, refunded, first_at, last_at FROM read.usage_daily_v2
        WHERE %(account_id)s::uuid IS NULL OR account_id = %(account_id)s
    ), kinds AS (
        SELECT kind, sum(requested)::bigint AS requested FROM days GROUP BY kind ORDER BY kind
    ), open AS (
        SELECT status, count(*) AS found FROM read.generations_v1
        WHERE status IN ('scheduled', 'queued', 'running') AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
        GROUP BY status
    ), stored AS (
        SELECT count(*) AS assets, coalesce(sum(bytes), 0)::bigint AS bytes_stored FROM read.assets_v2
        WHERE NOT deleted AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
    ), sums AS (
        SELECT coalesce(sum(requested), 0)::bigint AS generations, coalesce(sum(succeeded), 0)::bigint AS succeeded,
               coalesce(sum(failed), 0)::bigint AS failed, coalesce(sum(canceled), 0)::bigint AS canceled,
               coalesce(sum(spent), 0)::bigint AS spent, coalesce(sum(refunded), 0)::bigint AS refunded,
               min(first_at) AS first_used_at, max(last_at) AS last_used_at
        FROM days
    )
    SELECT sums.*, stored.*, (SELECT json_object_agg(kind, requested) FROM kinds) AS by_kind,
           (SELECT json_object_agg(status, found) FROM open) AS open
    FROM sums, stored
"""


class UsageRow(msgspec.Struct, kw_only=True):
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


class StatisticsRow(msgspec.Struct, kw_only=True):
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
    cursor = conn.cursor(row_factory=class_row(UsageRow))
    params = {"account_id": account_id, "from_day": from_day, "to_day": to_day}
    await cursor.execute(GROUPS[group_by].encode(), params, prepare=False)
    return await cursor.fetchall()


async def statistics_of(conn: AsyncConnection[Any], account_id: UUID | None) -> StatisticsRow:
    """What an account (None: everybody) has done so far; all zero before its first use."""
    params = {"account_id": account_id}
    async with conn.cursor(row_factory=dict_row) as cursor:
        [found] = await (await cursor.execute(STATISTICS, params, prepare=False)).fetchall()
    ended = {status: found.pop(status) for status in ("canceled", "failed", "succeeded")}
    open_ = found.pop("open") or {}
    by_status = {**ended, **{status: open_.get(status, 0) for status in ("queued", "running", "scheduled")}}
    return StatisticsRow(by_status=dict(sorted(by_status.items())), by_kind=found.pop("by_kind") or {}, **found)
