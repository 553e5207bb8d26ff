"""How many accounts were registered lately."""

from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from domain.kernel.ids import uuid7

NO_RANDOM = bytes(10)
# Ids begin with the time, so the newest accounts are the end of the primary key; counting ends at the limit.
NEWEST = "SELECT count(*) FROM (SELECT FROM read.accounts_v1 WHERE id >= %(since)s LIMIT %(limit)s) newest"


async def registered_within(conn: AsyncConnection[Any], period: timedelta, *, now: datetime, limit: int) -> int:
    """Accounts registered in the *period* before *now*, counted up to *limit*."""
    since = uuid7(int((now - period).timestamp() * 1000), NO_RANDOM)
    row = await (await conn.execute(NEWEST, {"since": since, "limit": limit})).fetchone()
    return int(row[0]) if row else 0
