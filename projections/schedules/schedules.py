"""Schedules: what is wanted, when it comes next, and what came of the last time. Deleted ones are kept, and not shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.ports import Connections
from domain.schedules import events
from domain.schedules.ports import DueSchedule
from domain.schedules.schedule import Schedule
from projections.kernel.facts import Event
from projections.kernel.model import Place
from projections.kernel.pages import both_ways, page
from projections.kernel.turns import lane_of, one, turn
from projections.kernel.whole_rows import touched, whole_rows

DDL = """
CREATE TABLE read.schedules_v1 (
    id                 uuid        PRIMARY KEY,
    account_id         uuid        NOT NULL,
    kind               text        NOT NULL,
    model              text        NOT NULL,
    sealed             text        NOT NULL,
    cron               text        NOT NULL,
    time_zone          text        NOT NULL,
    paused             boolean     NOT NULL,
    next_at            timestamptz,
    runs               bigint      NOT NULL,
    last_at            timestamptz,
    last_generation_id uuid,
    last_code          text,
    deleted            boolean     NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    position           bigint      NOT NULL,
    created_position   bigint      NOT NULL
);
CREATE INDEX ON read.schedules_v1 (account_id, created_position) WHERE NOT deleted;
-- What the scheduler looks for every second.
CREATE INDEX ON read.schedules_v1 (next_at) WHERE next_at IS NOT NULL;
"""
UPSERT = """
    INSERT INTO read.schedules_v1 SELECT * FROM json_populate_recordset(NULL::read.schedules_v1, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE SET
        kind = excluded.kind, model = excluded.model, sealed = excluded.sealed, cron = excluded.cron, time_zone = excluded.time_zone,
        paused = excluded.paused, next_at = excluded.next_at, runs = excluded.runs, last_at = excluded.last_at,
        last_generation_id = excluded.last_generation_id, last_code = excluded.last_code, deleted = excluded.deleted,
        updated_at = excluded.updated_at, position = excluded.position
"""
ONE = "SELECT * FROM read.schedules_v1 WHERE id = %(id)s AND account_id = %(account_id)s AND NOT deleted"
# With what the read model has not seen yet, at the end of the log.
COUNT = """
    SELECT (SELECT count(*) FROM read.schedules_v1 WHERE account_id = %(account_id)s AND NOT deleted)
         + (SELECT count(*) FILTER (WHERE topic = 'schedules.created') - count(*) FILTER (WHERE topic = 'schedules.deleted')
            FROM journal.events WHERE account_id = %(account_id)s AND position > coalesce(
               (SELECT position FROM read.models WHERE name = 'schedules' AND version = 1 AND place = 'read'), 0))
"""
PAGE = """
    SELECT * FROM read.schedules_v1
    WHERE created_position {beyond} %(after_position)s AND account_id = %(account_id)s AND NOT deleted
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""
PAGES = both_ways(PAGE)
DUE = """
    SELECT id AS schedule_id, account_id, sealed, cron, time_zone, next_at AS due_at FROM read.schedules_v1
    WHERE next_at <= clock_timestamp() ORDER BY next_at LIMIT %(limit)s
"""


class ScheduleRow(msgspec.Struct, kw_only=True):
    """`next_at` is None while it is paused. `created_position` is 0 when folded from a stream."""

    id: UUID
    account_id: UUID
    kind: str
    model: str
    sealed: str
    cron: str
    time_zone: str
    paused: bool
    next_at: datetime | None
    runs: int = 0
    last_at: datetime | None = None
    last_generation_id: UUID | None = None
    last_code: str | None = None
    deleted: bool = False
    created_at: datetime
    updated_at: datetime
    position: int
    created_position: int


_STATED = ("kind", "model", "sealed", "cron", "time_zone", "paused", "next_at")
_FOLDED = ("id", "account_id", *_STATED, "runs", "last_at", "last_generation_id", "last_code", "deleted", "position")


async def schedule_of(conn: AsyncConnection[Any], account_id: UUID, schedule_id: UUID) -> ScheduleRow | None:
    """The schedule, if it belongs to *account_id*."""
    found = await Place(conn).fetch(ONE, {"id": schedule_id, "account_id": account_id}, ScheduleRow)
    return found[0] if found else None


async def due_schedules(conn: AsyncConnection[Any], *, limit: int) -> list[DueSchedule]:
    """The longest waiting first."""
    return await Place(conn).fetch(DUE, {"limit": limit}, DueSchedule)


@asynccontextmanager
async def schedules_left(connections: Connections, account_id: UUID, *, limit: int) -> AsyncIterator[int]:
    """How many of the *limit* schedules of the account are left. One at a time: whoever makes one does it inside the block."""
    async with turn(connections, lane_of("schedules", account_id)) as conn:
        (made,) = await one(conn, COUNT, account_id=account_id)
        yield max(0, limit - made)


async def page_of_schedules(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[ScheduleRow]:
    """An account's own, by creation. `after_position` is the `created_position` of the last row seen."""
    filters = {"account_id": account_id, "created_from": created_from, "created_to": created_to}
    return await page(conn, PAGES, filters, ScheduleRow, order=order, limit=limit, after_position=after_position)


def row_of(schedule: Schedule) -> ScheduleRow:
    """The same row from the folded stream."""
    same = {name: getattr(schedule, name) for name in _FOLDED}
    return ScheduleRow(**same, created_at=schedule.created_on, updated_at=schedule.modified_on, created_position=0)


def _created(present: dict[UUID, ScheduleRow], event: Event) -> None:
    fact = event.fact
    present[event.stream] = ScheduleRow(
        id=event.stream,
        account_id=fact.account_id,
        **{name: getattr(fact, name) for name in _STATED},
        created_at=fact.timestamp,
        updated_at=fact.timestamp,
        position=event.position,
        created_position=event.position,
    )


def _changed(present: dict[UUID, ScheduleRow], event: Event) -> None:
    row = touched(present, event)
    for name in _STATED:
        setattr(row, name, getattr(event.fact, name))


def _fired(present: dict[UUID, ScheduleRow], event: Event) -> None:
    row, fact = touched(present, event), event.fact
    row.runs += fact.generation_id is not None
    row.last_at, row.last_generation_id, row.last_code, row.next_at = fact.due_at, fact.generation_id, fact.code, fact.next_at


def _deleted(present: dict[UUID, ScheduleRow], event: Event) -> None:
    row = touched(present, event)
    row.deleted, row.next_at = True, None


MODEL = whole_rows(
    name="schedules",
    version=1,
    ddl=DDL,
    kind=ScheduleRow,
    upsert=UPSERT,
    first=events.ScheduleCreated,
    facts={
        events.ScheduleChanged: _changed,
        events.ScheduleCreated: _created,
        events.ScheduleDeleted: _deleted,
        events.ScheduleFired: _fired,
    },
)
