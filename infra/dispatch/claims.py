"""The port `Claims`: one autocommit statement each, on the database's clock."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from domain.dispatch.ports import Claimed
from domain.kernel.limits import LEASE_SECONDS
from domain.ports import Connections

LEASE = timedelta(seconds=LEASE_SECONDS)

# The lowest ranks of the first queues that have any; rows that another claim holds are passed over. See 0032_queue_clock.sql.
CLAIM = """
    SELECT generation_id, account_id, claims, deaths, isolate FROM dispatch.claim_v3(%(owner)s, %(queues)s::text[], %(limit)s, %(lease)s)
"""
# As if never claimed: the rank is the old one, or the front of the line of now, so the row is among the next.
RELEASE = """
    UPDATE dispatch.work SET state = 'ready', lease_owner = NULL, lease_until = NULL, claims = claims - 1, started = claims > 1
    WHERE generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work WHERE generation_id = ANY (%(ids)s) AND lease_owner = %(owner)s FOR UPDATE SKIP LOCKED))
"""
ISOLATE = "UPDATE dispatch.work SET isolate = true WHERE generation_id = %(id)s AND lease_owner = %(owner)s"
COUNT_DEATH = """
    UPDATE dispatch.work SET deaths = deaths + 1, isolate = true WHERE generation_id = %(id)s AND lease_owner = %(owner)s
    RETURNING deaths
"""
# A row without an open generation is a leftover: nothing else would ever take it away.
DROP = "DELETE FROM dispatch.work WHERE generation_id = %(id)s AND lease_owner = %(owner)s"


class PostgresClaims:
    """Implements `domain.dispatch.ports.Claims`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def claim(self, owner: UUID, queues: Sequence[str], limit: int) -> list[Claimed]:
        values = {"owner": owner, "queues": list(queues), "limit": limit, "lease": LEASE}
        async with self._connections.connection() as connection:
            rows = await (await connection.execute(CLAIM, values)).fetchall()
        return [Claimed(generation_id=row[0], account_id=row[1], claims=row[2], deaths=row[3], isolate=row[4]) for row in rows]

    async def release(self, owner: UUID, generation_ids: Collection[UUID]) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(RELEASE, {"owner": owner, "ids": list(generation_ids)})

    async def isolate(self, owner: UUID, generation_id: UUID) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(ISOLATE, {"owner": owner, "id": generation_id})

    async def count_death(self, owner: UUID, generation_id: UUID) -> int:
        """0 when *owner* has lost the lease meanwhile."""
        async with self._connections.connection() as connection:
            row = await (await connection.execute(COUNT_DEATH, {"owner": owner, "id": generation_id})).fetchone()
        return row[0] if row else 0

    async def drop(self, owner: UUID, generation_id: UUID) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(DROP, {"owner": owner, "id": generation_id})
