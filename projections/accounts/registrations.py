"""How many accounts were registered lately, to the last one: welcome credits end with the day's share however many register at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from domain.kernel.ids import uuid7
from domain.ports import Connections
from projections.kernel.turns import one, turn

NO_RANDOM = bytes(10)
# Ids begin with the time, so the newest accounts are the end of the primary key; counting ends at the limit.
# What the read model has not seen yet stands at the end of the log.
NEWEST = """
    SELECT (SELECT count(*) FROM (SELECT FROM read.accounts_v1 WHERE id >= %(since)s LIMIT %(limit)s) newest)
         + (SELECT count(*) FROM journal.events WHERE topic = 'accounts.registered' AND position > coalesce(
               (SELECT position FROM read.models WHERE name = 'accounts' AND version = 1 AND place = 'read'), 0))
"""


@asynccontextmanager
async def welcomes_left(connections: Connections, *, now: datetime, limit: int) -> AsyncIterator[int]:
    """How many of the *limit* accounts that a day welcomes are left. One at a time: whoever registers does it inside the block."""
    since = uuid7(int((now - timedelta(days=1)).timestamp() * 1000), NO_RANDOM)
    async with turn(connections, "welcomes") as conn:
        (registered,) = await one(conn, NEWEST, since=since, limit=limit)
        yield max(0, limit - registered)
