"""The port `Queues`: what an operator does with queues and workers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from domain.ports import Connections, QueueState, WorkerState

STATES = """
    SELECT n.queue, coalesce(q.paused, false) AS paused,
           count(*) FILTER (WHERE w.state = 'ready')::int AS ready,
           count(*) FILTER (WHERE w.state IN ('held', 'waiting'))::int AS waiting,
           count(*) FILTER (WHERE w.state IN ('leased', 'parked'))::int AS running,
           extract(epoch FROM clock_timestamp() - min(w.created_at) FILTER (WHERE w.state = 'ready'))::float8 AS oldest_ready_seconds
    FROM (SELECT unnest(%(queues)s::text[]) AS queue
          UNION SELECT queue FROM dispatch.queues UNION SELECT queue FROM dispatch.work) n
    LEFT JOIN dispatch.queues q ON q.queue = n.queue
    LEFT JOIN dispatch.work w ON w.queue = n.queue
    GROUP BY n.queue, q.paused ORDER BY n.queue
"""
# A second pause does not move the beginning of the first.
PAUSE = """
    INSERT INTO dispatch.queues (queue, paused, changed_at) VALUES (%(queue)s, true, clock_timestamp())
    ON CONFLICT (queue) DO UPDATE SET paused = true, changed_at = excluded.changed_at WHERE NOT queues.paused
"""
# What had not run out when the pause began has the pause's length added; SKIP LOCKED as in every statement on several rows.
RESUME = """
    WITH resumed AS (
        UPDATE dispatch.queues q SET paused = false, changed_at = clock_timestamp()
        FROM (SELECT changed_at FROM dispatch.queues WHERE queue = %(queue)s FOR UPDATE) before
        WHERE q.queue = %(queue)s AND q.paused RETURNING before.changed_at AS since
    )
    UPDATE dispatch.work SET start_deadline = start_deadline + (clock_timestamp() - greatest(since, created_at))
    FROM resumed
    WHERE start_deadline > since AND generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work
        WHERE queue = %(queue)s AND start_deadline IS NOT NULL AND NOT started FOR UPDATE SKIP LOCKED))
"""
WORKERS = """
    SELECT worker, host, pid, queues, slots, running, started_at, last_beat, draining FROM dispatch.workers
    WHERE last_beat > clock_timestamp() - interval '60 s' ORDER BY started_at, worker
"""
# Bounded, because everybody who waits may ask: the index on (queue, rank) is read up to the row's own place.
POSITION = """
    SELECT 1 + (SELECT count(*) FROM (
        SELECT FROM dispatch.work o WHERE o.queue = w.queue AND o.state = 'ready' AND o.rank < w.rank LIMIT 9999) ahead)::int
    FROM dispatch.work w WHERE w.generation_id = %(id)s AND w.state = 'ready'
"""
DRAIN = "UPDATE dispatch.workers SET draining = true WHERE worker = %(worker)s"


class PostgresQueues:
    """Implements `domain.ports.Queues`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def states(self, queues: Sequence[str]) -> list[QueueState]:
        return await self._read(QueueState, STATES, queues=list(queues))

    async def pause(self, queue: str) -> None:
        await self._change(PAUSE, queue=queue)

    async def resume(self, queue: str) -> None:
        await self._change(RESUME, queue=queue)

    async def workers(self) -> list[WorkerState]:
        return await self._read(WorkerState, WORKERS)

    async def position(self, generation_id: UUID) -> int | None:
        async with self._connections.connection() as connection:
            row = await (await connection.execute(POSITION, {"id": generation_id})).fetchone()
        return None if row is None else int(row[0])

    async def drain(self, worker: UUID) -> bool:
        return await self._change(DRAIN, worker=worker) == 1

    async def _read(self, kind: type[Any], query: str, **values: Any) -> list[Any]:
        async with self._connections.connection() as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(query, values)
            return list(await cursor.fetchall())

    async def _change(self, query: str, **values: Any) -> int:
        async with self._connections.connection() as connection:
            return int((await connection.execute(query, values)).rowcount)
