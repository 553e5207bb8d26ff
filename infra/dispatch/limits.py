"""The port `Limits`: what may run now, counted where it stands. See 0023_parked.sql."""

from collections.abc import Sequence
from uuid import UUID

from domain.dispatch.limits import Limit
from domain.ports import Connections

# Accounts' own limits stand in the same table, and follow from the log.
FORGET = """
    DELETE FROM dispatch.limits WHERE (scope <> 'account' OR name = '*')
    AND NOT (scope, name) IN (SELECT * FROM unnest(%(scopes)s::text[], %(names)s::text[]))
"""
WRITE = """
    INSERT INTO dispatch.limits AS l (scope, name, most, lane, submits, seconds)
    SELECT * FROM unnest(%(scopes)s::text[], %(names)s::text[], %(most)s::integer[], %(lanes)s::text[], %(submits)s::integer[],
                         %(seconds)s::integer[])
    ON CONFLICT (scope, name) DO UPDATE SET
        most = excluded.most, lane = excluded.lane, submits = excluded.submits, seconds = excluded.seconds
    WHERE (l.most, l.lane, l.submits, l.seconds) IS DISTINCT FROM (excluded.most, excluded.lane, excluded.submits, excluded.seconds)
"""
# What was accepted before the limit was set. In portions: nobody else's append waits for more than one of them.
CONCERN = """
    UPDATE dispatch.work SET limited = true, state = CASE state WHEN 'ready' THEN 'held' ELSE state END
    WHERE generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work
        WHERE NOT limited AND dispatch.concerns(model, provider, account_id) LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
"""
ADMIT = "SELECT dispatch.admit_v1(%(limit)s)"
RESERVE = "SELECT dispatch.reserve_v1(%(id)s, %(model)s)"
PORTION = 1_000


class PostgresLimits:
    """Implements `domain.dispatch.ports.Limits`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def replace(self, limits: Sequence[Limit]) -> None:
        values = {
            "scopes": [limit.scope for limit in limits],
            "names": [limit.name for limit in limits],
            "most": [limit.most for limit in limits],
            "lanes": [limit.lane for limit in limits],
            "submits": [limit.submits for limit in limits],
            "seconds": [limit.seconds for limit in limits],
        }
        async with self._connections.connection() as connection:
            await connection.execute(FORGET, {"scopes": values["scopes"], "names": values["names"]})
            await connection.execute(WRITE, values)
            while (await connection.execute(CONCERN, {"limit": PORTION})).rowcount == PORTION:
                pass

    async def admit(self, limit: int) -> int:
        async with self._connections.connection() as connection:
            row = await (await connection.execute(ADMIT, {"limit": limit})).fetchone()
        return int(row[0])

    async def reserve(self, generation_id: UUID, model: str) -> float:
        async with self._connections.connection() as connection:
            row = await (await connection.execute(RESERVE, {"id": generation_id, "model": model})).fetchone()
        return float(row[0])
