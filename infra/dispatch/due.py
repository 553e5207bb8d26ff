"""The port `Due`: what the scheduler has to do, by the database's clock."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.dispatch.ports import Expired
from domain.ports import Connections

SCHEDULED = """
    SELECT generation_id FROM dispatch.work WHERE state = 'waiting' AND NOT started AND run_at <= clock_timestamp()
    ORDER BY run_at LIMIT %(limit)s
"""
# The start deadline stands still while the queue is paused. Whoever has it ends it himself, because he knows what was delivered;
# when nobody does, it ends here all the same.
EXPIRED = """
    SELECT w.generation_id, w.account_id, CASE WHEN w.deadline <= clock_timestamp() THEN 'deadline' ELSE 'start_deadline' END
    FROM dispatch.work w
    WHERE least(w.start_deadline, w.deadline) <= clock_timestamp()
      AND (w.deadline <= clock_timestamp() - CASE WHEN w.state IN ('leased', 'parked') THEN interval '10 s' ELSE interval '0' END
           OR NOT w.started AND NOT EXISTS (SELECT FROM dispatch.queues q WHERE q.queue = w.queue AND q.paused))
    ORDER BY least(w.start_deadline, w.deadline) LIMIT %(limit)s
"""
# Times in the log are canonical text, which sorts as time; see the index of 0006_workers.sql.
GRANTS = """
    SELECT account_id, journal.expiry_of(state) FROM journal.events
    WHERE topic = 'credits.granted' AND journal.expiry_of(state) > %(after)s
      AND journal.expiry_of(state) <= to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ORDER BY journal.expiry_of(state) LIMIT %(limit)s
"""
HEAD = "SELECT coalesce((SELECT position FROM journal.events ORDER BY position DESC LIMIT 1), 0)"
# Positions are read in pages, so that a long log is never read at once.
DELETED = """
    SELECT s.state::json ->> 'object_key', s.state::json ->> 'thumbnail_key', d.stream
    FROM journal.events d, LATERAL (
        SELECT convert_from(e.state, 'UTF8') AS state FROM journal.events e
        WHERE e.stream = d.stream AND e.topic = 'assets.stored' ORDER BY e.version LIMIT 1) s
    WHERE d.position > %(after)s AND d.position <= %(until)s AND d.topic = 'assets.deleted'
"""
# What somebody erased stored while his erasure was under way lives no longer either.
LIVING = """
    SELECT a.id FROM unnest(%(ids)s::uuid[]) AS a (id)
    WHERE EXISTS (
        SELECT FROM journal.events e WHERE e.stream = a.id AND e.topic = 'assets.stored'
        AND NOT EXISTS (SELECT FROM journal.events x WHERE x.stream = e.account_id AND x.topic = 'accounts.erased'))
      AND NOT EXISTS (SELECT FROM journal.events e WHERE e.stream = a.id AND e.topic = 'assets.deleted')
"""


class PostgresDue:
    """Implements `domain.dispatch.ports.Due`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def scheduled(self, limit: int) -> list[UUID]:
        return [row[0] for row in await self._rows(SCHEDULED, limit=limit)]

    async def expired(self, limit: int) -> list[Expired]:
        rows = await self._rows(EXPIRED, limit=limit)
        return [Expired(generation_id=row[0], account_id=row[1], which=row[2]) for row in rows]

    async def grants(self, after: str, limit: int) -> tuple[list[UUID], str]:
        """Grants that expire in the same microsecond as the last of a full page are found by any later ledger command."""
        rows = await self._rows(GRANTS, after=after, limit=limit)
        return list(dict.fromkeys(row[0] for row in rows)), rows[-1][1] if rows else after

    async def head(self) -> int:
        return int((await self._rows(HEAD))[0][0])

    async def deleted_objects(self, after: int, limit: int) -> tuple[list[str], list[UUID], int]:
        until = min(after + limit, await self.head())
        rows = await self._rows(DELETED, after=after, until=until)
        return [key for row in rows for key in row[:2] if key], [row[2] for row in rows], until

    async def living(self, asset_ids: Sequence[UUID]) -> set[UUID]:
        return {row[0] for row in await self._rows(LIVING, ids=list(asset_ids))}

    async def _rows(self, query: str, **values: Any) -> list[Any]:
        async with self._connections.connection() as connection:
            return list(await (await connection.execute(query, values)).fetchall())
