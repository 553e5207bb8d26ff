"""The port `Queues`: what an operator does with queues and workers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from domain.dispatch.ports import QueueState, WorkerState
from domain.ports import Connections

STATES = """
    SELECT n.queue, coalesce(q.paused, false) AS paused,
           count(*) FILTER (WHERE w.state = 'ready')::int AS ready,
           count(*) FILTER (WHERE w.state IN ('held', 'waiting'))::int AS waiting,
           count(*) FILTER (WHERE w.state IN ('leased', 'parked'))::int AS running,
           count(*) FILTER (WHERE w.state = 'held')::int AS held, count(*) FILTER (WHERE w.state = 'parked')::int AS parked,
           extract(epoch FROM clock_timestamp() - min(w.ready_at) FILTER (WHERE w.state = 'ready'))::float8 AS oldest_ready_seconds
    FROM (SELECT unnest(%(queues)s::text[]) AS queue
          UNION SELECT queue FROM dispatch.queues UNION SELECT queue FROM dispatch.work) n
    LEFT JOIN dispatch.queues q ON q.queue = n.queue
    LEFT JOIN dispatch.work w ON w.queue = n.queue
    GROUP BY n.queue, q.paused ORDER BY n.queue
"""
# Three beats may be missed. A worker holds no more than its slots, so the list of what it runs is short.
WORKERS = """
    SELECT k.worker, k.host, k.pid, k.queues, k.slots, k.running, k.started_at, k.last_beat, k.draining,
           k.last_beat > clock_timestamp() - interval '7 s' AS alive,
           ARRAY(SELECT w.generation_id FROM dispatch.work w WHERE w.state = 'leased' AND w.lease_owner = k.worker
                 ORDER BY w.generation_id) AS generation_ids
    FROM dispatch.workers k WHERE k.last_beat > clock_timestamp() - interval '60 s' ORDER BY k.started_at, k.worker
"""
# Bounded, because everybody who waits may ask: the index on (queue, rank) is read from where claims begin up to the row's own place.
# The row itself is found by its id (OFFSET keeps the state out of that): where the statistics tell of a short table, an index of all that
# is ready would do as well, and under an open snapshot it is long.
POSITION = """
    SELECT 1 + (SELECT count(*) FROM (
        SELECT FROM dispatch.work o
        WHERE o.queue = w.queue AND o.state = 'ready' AND o.rank >= f.lowest AND o.rank < w.rank LIMIT 9999) ahead)::int
    FROM (SELECT queue, rank, state FROM dispatch.work WHERE generation_id = %(id)s OFFSET 0) w,
        dispatch.lowest_rank(w.queue) AS f (lowest)
    WHERE w.state = 'ready'
"""


class PostgresQueues:
    """Implements `domain.dispatch.ports.Queues`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def states(self, queues: Sequence[str]) -> list[QueueState]:
        return await self._read(QueueState, STATES, queues=list(queues))

    async def workers(self) -> list[WorkerState]:
        return await self._read(WorkerState, WORKERS)

    async def position(self, generation_id: UUID) -> int | None:
        async with self._connections.connection() as connection:
            row = await (await connection.execute(POSITION, {"id": generation_id})).fetchone()
        return None if row is None else int(row[0])

    async def _read(self, kind: type[Any], query: str, **values: Any) -> list[Any]:
        async with self._connections.connection() as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(query, values)
            return list(await cursor.fetchall())
