"""The webhook outbox: a follower that turns what the log says into what is still to be told, and to whom."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.kernel.journal_refusals import UpgradeNeeded
from domain.ports import Clock
from domain.webhooks.schedule import AGE_MAX
from infra.webhooks.deliveries import LOCK
from infra.webhooks.told import Batch, Change, Due, Subscriber, Target, accounts_of, told_of
from projections.kernel.facts import Event
from projections.kernel.follower import Follower
from projections.kernel.reader import Reader

log = logging.getLogger(__name__)

NAME = "webhooks"
BATCH_EVENTS = 1_000
#: So many events that nobody is told of may lie behind the written position. To move it for each would cost a commit each time.
QUIET_EVENTS_MAX = 5_000

POSITION = "SELECT position FROM webhooks.follower"
# Compare-and-set: of two that took the same batch one moves on, the other rolls back.
MOVE = "UPDATE webhooks.follower SET position = %(to)s WHERE position = %(after)s"
SUBSCRIBERS = "SELECT endpoint_id, account_id, events, told FROM webhooks.subscribers WHERE account_id = ANY(%(accounts)s)"
TARGETS = "SELECT generation_id, account_id, target_id FROM webhooks.generations WHERE generation_id = ANY(%(generations)s)"
# Of these some is still to come. Whoever is about to write down that it has come waits until the new rows are there to be seen.
PENDING = """
    SELECT target_id, generation_id FROM webhooks.deliveries
    WHERE state = 'pending' AND (target_id, generation_id) IN (SELECT * FROM unnest(%(targets)s::uuid[], %(generations)s::uuid[]))
    FOR UPDATE
"""
INSERT = """
    INSERT INTO webhooks.deliveries (id, account_id, endpoint_id, target_id, event_id, type, position, generation_id, waiting, due_at)
    SELECT id, account_id, endpoint_id, target_id, event_id, type, position, generation_id, waiting, now() + wait_seconds * interval '1 s'
    FROM json_to_recordset(%(rows)s::json) AS r (id uuid, account_id uuid, endpoint_id uuid, target_id uuid, event_id text, type text,
        position bigint, generation_id uuid, waiting boolean, wait_seconds double precision)
    ON CONFLICT (id) DO NOTHING
"""


class Outbox:
    """Implements `projections.kernel.follower.Sink`."""

    def __init__(self, clock: Clock, *, age_max: timedelta = AGE_MAX) -> None:
        self._clock = clock
        self._age_max = age_max
        self._reader = Reader()
        self._said = 0
        #: The written position, and how far nothing was to be told beyond it.
        self._quiet = (0, 0)
        #: Called when there is something new to send.
        self.on_rows: Callable[[], None] = lambda: None

    async def step(self, conn: AsyncConnection[Any]) -> int:
        written = await outbox_position(conn)
        after = self._quiet[1] if self._quiet[0] == written else written
        try:
            events = await self._reader.read(conn, after=after, limit=BATCH_EVENTS)
        except UpgradeNeeded as error:
            self._wait_for_upgrade(after, error)
            return 0
        if not events:
            if after > written:
                await conn.execute(MOVE, {"to": after, "after": written})
            return 0
        await self._take(conn, events, written)
        return len(events)

    async def _take(self, conn: AsyncConnection[Any], events: Sequence[Event], written: int) -> None:
        changes, due = await self._told(conn, events)
        last = events[-1].position
        if not (changes or due) and last - written <= QUIET_EVENTS_MAX:
            self._quiet = (written, last)
            return
        async with conn.transaction() as transaction:
            moved = await conn.execute(MOVE, {"to": last, "after": written})
            if not moved.rowcount:
                # Another follower was here, and what this one knew of endpoints may be old.
                transaction.force_rollback = True
                return
            for change in changes:
                await conn.execute(change.sql, change.values)
            await self._insert(conn, due)
        if changes or due:
            self.on_rows()

    def _wait_for_upgrade(self, position: int, error: UpgradeNeeded) -> None:
        if position != self._said:
            log.error("webhooks wait for a newer release: %s", error)
        self._said = position

    async def _told(self, conn: AsyncConnection[Any], events: Sequence[Event]) -> tuple[list[Change], list[Due]]:
        now, old = self._clock.now(), self._age_max
        return told_of(await self._load(conn, events), events, is_news=lambda event: now - event.recorded_at <= old)

    async def _load(self, conn: AsyncConnection[Any], events: Sequence[Event]) -> Batch:
        """What the batch must know: the endpoints of its accounts, and which of its generations have a URL of their own."""
        accounts = list(accounts_of(events))
        generations = [event.stream for event in events if event.topic.startswith("generations.")]
        found = await (await conn.execute(SUBSCRIBERS, {"accounts": accounts})).fetchall() if accounts else []
        own = await (await conn.execute(TARGETS, {"generations": generations})).fetchall() if generations else []
        return Batch(
            subscribers={row[0]: Subscriber(*row) for row in found},
            targets={row[0]: Target(*row) for row in own},
        )

    async def _insert(self, conn: AsyncConnection[Any], due: Sequence[Due]) -> None:
        if not due:
            return
        await conn.execute(LOCK)
        for each in _ordered(due, await self._busy(conn, due)):
            each.wait()
        await conn.execute(INSERT, {"rows": msgspec.json.encode(due).decode()})

    async def _busy(self, conn: AsyncConnection[Any], due: Iterable[Due]) -> set[tuple[UUID, UUID]]:
        pairs = {(each.target_id, each.generation_id) for each in due if each.generation_id is not None}
        if not pairs:
            return set()
        values = {"targets": [target for target, _ in pairs], "generations": [generation for _, generation in pairs]}
        return {(row[0], row[1]) for row in await (await conn.execute(PENDING, values)).fetchall()}


def _ordered(due: Iterable[Due], busy: set[tuple[UUID, UUID]]) -> Iterable[Due]:
    """Those that have one of the same generation before them: in the table, or in this batch."""
    for each in due:
        if each.generation_id is not None:
            pair = (each.target_id, each.generation_id)
            if pair in busy:
                yield each
            busy.add(pair)


async def outbox_position(conn: AsyncConnection[Any]) -> int:
    """How far the log has been looked at, as it is written down: what is quiet may lie behind it for a moment."""
    row = await (await conn.execute(POSITION)).fetchone()
    return int(row[0]) if row else 0


def outbox_follower(dsn: str, outbox: Outbox) -> Follower:
    """`dsn` must lead to sessions, not to a transaction pooler."""
    return Follower(dsn, name=NAME, sink=outbox)
