"""The port `ParkedJobs`: one autocommit statement each, on the database's clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.dispatch.ports import DueJob
from domain.ports import Connections

# The time until which it is ours is written where its next look stands: if we die, it is due again by itself.
CLAIM = """
    UPDATE dispatch.work SET poll_at = clock_timestamp() + %(lease)s, polls = polls + 1
    WHERE generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work
        WHERE state = 'parked' AND poll_at <= clock_timestamp() AND queue = ANY (%(queues)s)
        ORDER BY poll_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING generation_id, account_id, polls, cancel_requested, poll_at
"""
# A row whose time is no longer the one we wrote was woken: that stays.
KEEP = """
    UPDATE dispatch.work w SET poll_at = clock_timestamp() + %(lease)s
    FROM (SELECT o.generation_id FROM dispatch.work o, unnest(%(ids)s::uuid[], %(until)s::timestamptz[]) AS j (id, until)
          WHERE o.generation_id = j.id AND o.poll_at = j.until AND o.state = 'parked' FOR UPDATE OF o SKIP LOCKED) ours
    WHERE w.generation_id = ours.generation_id
    RETURNING w.generation_id, w.poll_at
"""
LOOK_AGAIN = """
    UPDATE dispatch.work w SET poll_at = least(w.deadline, clock_timestamp() + ours.pause)
    FROM (SELECT o.generation_id, j.pause
          FROM dispatch.work o, unnest(%(ids)s::uuid[], %(until)s::timestamptz[], %(pauses)s::interval[]) AS j (id, until, pause)
          WHERE o.generation_id = j.id AND o.poll_at = j.until AND o.state = 'parked' FOR UPDATE OF o SKIP LOCKED) ours
    WHERE w.generation_id = ours.generation_id
"""
WAKE = "UPDATE dispatch.work SET poll_at = clock_timestamp() WHERE generation_id = %(id)s AND state = 'parked'"
DROP = "DELETE FROM dispatch.work WHERE generation_id = %(id)s AND state = 'parked'"


class PostgresParkedJobs:
    """Implements `domain.dispatch.ports.ParkedJobs`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def claim(self, queues: Sequence[str], limit: int, seconds: float) -> list[DueJob]:
        rows = await self._rows(CLAIM, queues=list(queues), limit=limit, lease=timedelta(seconds=seconds))
        return [DueJob(generation_id=row[0], account_id=row[1], polls=row[2], cancel_requested=row[3], until=row[4]) for row in rows]

    async def keep(self, jobs: Sequence[DueJob], seconds: float) -> list[DueJob]:
        known = {job.generation_id: job for job in jobs}
        until: list[datetime] = [job.until for job in known.values()]
        rows = await self._rows(KEEP, ids=list(known), until=until, lease=timedelta(seconds=seconds))
        return [_until(known[row[0]], row[1]) for row in rows]

    async def look_again(self, jobs: Sequence[tuple[DueJob, float]]) -> None:
        values = {
            "ids": [job.generation_id for job, _ in jobs],
            "until": [job.until for job, _ in jobs],
            "pauses": [timedelta(seconds=seconds) for _, seconds in jobs],
        }
        async with self._connections.connection() as connection:
            await connection.execute(LOOK_AGAIN, values)

    async def wake(self, generation_id: UUID) -> bool:
        async with self._connections.connection() as connection:
            return bool((await connection.execute(WAKE, {"id": generation_id})).rowcount)

    async def drop(self, generation_id: UUID) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(DROP, {"id": generation_id})

    async def _rows(self, query: str, **values: Any) -> list[Any]:
        async with self._connections.connection() as connection:
            return list(await (await connection.execute(query, values)).fetchall())


def _until(job: DueJob, until: datetime) -> DueJob:
    return DueJob(
        generation_id=job.generation_id, account_id=job.account_id, polls=job.polls, cancel_requested=job.cancel_requested, until=until
    )
