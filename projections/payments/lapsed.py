"""How much of a grant has lapsed, read from the log itself: the account keeps nothing about closed grants."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.credits.events import GrantExpired

# The topic is written out, as in its index (0034_grants.sql).
LAPSED = f"""
    SELECT fact ->> 'grant_id', sum((fact ->> 'amount')::bigint)::bigint
    FROM (
        SELECT convert_from(state, 'UTF8')::jsonb AS fact FROM journal.events
        WHERE account_id = %(account_id)s AND topic = '{GrantExpired.TOPIC}'
    ) e
    WHERE fact ->> 'grant_id' = ANY(%(grants)s) GROUP BY 1
"""


async def lapsed(conn: AsyncConnection[Any], account_id: UUID, grants: Sequence[str]) -> dict[str, int]:
    """Grant (id as text) -> credits that lapsed so far; without those of which none did."""
    return dict(await (await conn.execute(LAPSED.encode(), {"account_id": account_id, "grants": list(grants)})).fetchall())
