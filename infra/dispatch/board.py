"""The port `Board`: what the dispatcher looks at, and the changes it makes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.dispatch.ports import Group
from domain.ports import Connections

NOW = "SELECT clock_timestamp()"
# Three beats may be missed.
GROUPS = """
    SELECT queues, count(*)::int FROM dispatch.workers
    WHERE NOT draining AND last_beat > clock_timestamp() - interval '7 s' GROUP BY queues ORDER BY queues
"""
# Counting ends at the limit: nobody needs to know how long the queue is in order to ring. Nobody is rung for what no claim would find.
READY = """
    SELECT count(*)::int FROM (
        SELECT FROM unnest(%(queues)s::text[]) AS q (queue), dispatch.lowest_rank(q.queue) AS f (lowest), LATERAL (
            SELECT FROM dispatch.work w WHERE w.queue = q.queue AND w.state = 'ready' AND w.rank >= f.lowest LIMIT %(limit)s) r
        WHERE NOT EXISTS (SELECT FROM dispatch.queues p WHERE p.queue = q.queue AND p.paused)
        LIMIT %(limit)s) found
"""
# What was started before waits for its next try; what was not is scheduled, and its queueing is a fact of its own.
PROMOTE = """
    UPDATE dispatch.work SET
        state = CASE WHEN limited OR dispatch.concerns(model, provider, account_id) THEN 'held' ELSE 'ready' END,
        limited = limited OR dispatch.concerns(model, provider, account_id)
    WHERE generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work WHERE state = 'waiting' AND started AND run_at <= clock_timestamp()
        ORDER BY run_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
"""
REAP = """
    UPDATE dispatch.work SET state = 'ready', lease_owner = NULL, lease_until = NULL, isolate = true
    WHERE generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work
        WHERE state = 'leased' AND lease_until >= coalesce(%(since)s::timestamptz, '-infinity') AND lease_until < clock_timestamp()
        ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING generation_id
"""
LIFT = "SELECT dispatch.lift_v1(%(queues)s::text[], %(limit)s)"
FORGET = "DELETE FROM dispatch.workers WHERE last_beat < clock_timestamp() - interval '60 s'"


class PostgresBoard:
    """Implements `domain.dispatch.ports.Board`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def now(self) -> datetime:
        async with self._connections.connection() as connection:
            row = await (await connection.execute(NOW)).fetchone()
        found: datetime = row[0]
        return found

    async def groups(self) -> list[Group]:
        async with self._connections.connection() as connection:
            rows = await (await connection.execute(GROUPS)).fetchall()
        return [Group(tuple(queues), workers) for queues, workers in rows]

    async def ready(self, queues: Sequence[str], limit: int) -> int:
        async with self._connections.connection() as connection:
            row = await (await connection.execute(READY, {"queues": list(queues), "limit": limit})).fetchone()
        return int(row[0])

    async def promote(self, limit: int) -> int:
        async with self._connections.connection() as connection:
            return int((await connection.execute(PROMOTE, {"limit": limit})).rowcount)

    async def reap(self, limit: int, *, since: datetime | None = None) -> list[UUID]:
        async with self._connections.connection() as connection:
            rows = await (await connection.execute(REAP, {"limit": limit, "since": since})).fetchall()
        return [row[0] for row in rows]

    async def lift(self, queues: Sequence[str], limit: int) -> int:
        async with self._connections.connection() as connection:
            row = await (await connection.execute(LIFT, {"queues": list(queues), "limit": limit})).fetchone()
        return int(row[0])

    async def forget_workers(self) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(FORGET)
