"""The port `Erasures`, on PostgreSQL."""

from typing import Any
from uuid import UUID

from domain.erasure.ports import Due, StoredAsset
from domain.ports import Connections

# Both topics have an index of their own (0015), so this is a look at what is open, however long the log.
DUE = """
    SELECT r.stream, r.recorded_at FROM journal.events r
    WHERE r.topic = 'accounts.erasure_requested'
      AND NOT EXISTS (SELECT FROM journal.events e WHERE e.stream = r.stream AND e.topic = 'accounts.erased')
      AND (%(account_id)s::uuid IS NULL OR r.stream = %(account_id)s)
    ORDER BY r.position LIMIT %(limit)s
"""
# Every open generation has its row, in the commit that accepted it.
OPEN = "SELECT generation_id FROM dispatch.work WHERE account_id = %(account_id)s LIMIT %(limit)s"
ASSETS = """
    SELECT e.position, e.stream, convert_from(e.state, 'UTF8')::json ->> 'object_key',
           convert_from(e.state, 'UTF8')::json ->> 'thumbnail_key',
           EXISTS (SELECT FROM journal.events d WHERE d.stream = e.stream AND d.topic = 'assets.deleted')
    FROM journal.events e
    WHERE e.account_id = %(account_id)s AND e.position > %(after)s AND e.topic = 'assets.stored'
    ORDER BY e.position LIMIT %(limit)s
"""
# Refresh tokens go with their sessions.
SESSIONS = "DELETE FROM access.sessions WHERE account_id = %(account_id)s"
SNAPSHOTS = """
    DELETE FROM journal.snapshots
    WHERE stream IN (SELECT DISTINCT e.stream FROM journal.events e WHERE e.account_id = %(account_id)s)
"""


class PostgresErasures:
    """Implements `domain.erasure.ports.Erasures`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def due(self, limit: int) -> list[Due]:
        return await self._due(None, limit)

    async def of(self, account_id: UUID) -> Due | None:
        found = await self._due(account_id, 1)
        return found[0] if found else None

    async def open_generations(self, account_id: UUID, limit: int) -> list[UUID]:
        return [row[0] for row in await self._rows(OPEN, account_id=account_id, limit=limit)]

    async def assets(self, account_id: UUID, after: int, limit: int) -> list[StoredAsset]:
        return [
            StoredAsset(position=row[0], asset_id=row[1], object_key=row[2], thumbnail_key=row[3], deleted=row[4])
            for row in await self._rows(ASSETS, account_id=account_id, after=after, limit=limit)
        ]

    async def forget(self, account_id: UUID) -> None:
        async with self._connections.connection() as connection:
            for query in (SESSIONS, SNAPSHOTS):
                await connection.execute(query, {"account_id": account_id})

    async def _due(self, account_id: UUID | None, limit: int) -> list[Due]:
        rows = await self._rows(DUE, account_id=account_id, limit=limit)
        return [Due(account_id=row[0], requested_at=row[1]) for row in rows]

    async def _rows(self, query: str, **values: Any) -> list[Any]:
        async with self._connections.connection() as connection:
            return list(await (await connection.execute(query, values)).fetchall())
