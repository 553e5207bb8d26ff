"""The port `KeptAssets`, on the read models."""

from collections.abc import Sequence

from domain.assets.ports import KeptAsset
from domain.ports import Connections
from projections.assets.assets import MODEL as ASSETS
from projections.generations.generations import MODEL as GENERATIONS

# The oldest first, and of their accounts what has them as an input: lately, or in a generation that is not final yet.
OLDER = f"""
    WITH old AS MATERIALIZED (
        SELECT id, account_id, created_position, share_expires_at FROM read.{ASSETS.tables[0]}
        WHERE NOT deleted AND source = %(source)s AND created_position > %(after)s
          AND created_at < clock_timestamp() - make_interval(days => %(days)s)
        ORDER BY created_position LIMIT %(limit)s),
    used AS MATERIALIZED (
        SELECT DISTINCT input ->> 'asset_id' AS id
        FROM read.{GENERATIONS.tables[0]} g CROSS JOIN LATERAL jsonb_array_elements(g.inputs) input
        WHERE g.account_id IN (SELECT account_id FROM old) AND g.inputs <> '[]'
          AND (g.created_at > clock_timestamp() - make_interval(days => %(days)s)
               OR g.status NOT IN ('succeeded', 'failed', 'canceled')))
    SELECT o.id, o.account_id, o.created_position,
           EXISTS (SELECT FROM used u WHERE u.id = o.id::text) OR coalesce(o.share_expires_at > clock_timestamp(), false)
    FROM old o ORDER BY o.created_position
"""


class PostgresKeptAssets:
    """Implements `domain.assets.ports.KeptAssets`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def older(self, source: str, days: int, *, after: int, limit: int) -> Sequence[KeptAsset]:
        values = {"source": source, "days": days, "after": after, "limit": limit}
        async with self._connections.connection() as connection:
            rows = await (await connection.execute(OLDER, values)).fetchall()
        return [KeptAsset(asset_id=row[0], account_id=row[1], position=row[2], used=row[3]) for row in rows]
