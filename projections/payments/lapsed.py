"""How much of a grant has lapsed, read from the log itself: the account keeps nothing about closed grants."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.credits.events import GrantExpired
from domain.kernel.ids import credit_stream

# One account's stream, by its index; payments go back rarely.
LAPSED = """
    SELECT fact ->> 'grant_id', sum((fact ->> 'amount')::bigint)::bigint
    FROM (
        SELECT convert_from(state, 'UTF8')::jsonb AS fact FROM journal.events WHERE stream = %(stream)s AND topic = %(topic)s
    ) e
    WHERE fact ->> 'grant_id' = ANY(%(grants)s) GROUP BY 1
"""


async def lapsed(conn: AsyncConnection[Any], account_id: UUID, grants: Sequence[str]) -> dict[str, int]:
    """Grant (id as text) -> credits that lapsed so far; without those of which none did."""
    values = {"stream": credit_stream(account_id), "topic": GrantExpired.TOPIC, "grants": list(grants)}
    return dict(await (await conn.execute(LAPSED, values)).fetchall())
