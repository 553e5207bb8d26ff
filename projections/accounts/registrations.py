"""How many accounts were registered lately, to the last one: welcome credits end with the day's share however many register at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from domain.kernel.ids import uuid7
from domain.kernel.refusals import Refusal
from domain.ports import Connections

NO_RANDOM = bytes(10)
TURN_SECONDS = 0.01
#: Any number will do, as long as nothing else uses it.
LOCK = "SELECT pg_try_advisory_xact_lock(5521984430911200417)"
# Ids begin with the time, so the newest accounts are the end of the primary key; counting ends at the limit.
# What the read model has not seen yet stands at the end of the log.
NEWEST = """
    SELECT (SELECT count(*) FROM (SELECT FROM read.accounts_v1 WHERE id >= %(since)s LIMIT %(limit)s) newest)
         + (SELECT count(*) FROM journal.events WHERE topic = 'accounts.registered' AND position > coalesce(
               (SELECT position FROM read.models WHERE name = 'accounts' AND version = 1 AND place = 'read'), 0))
"""


@asynccontextmanager
async def welcomes_left(connections: Connections, *, now: datetime, limit: int) -> AsyncIterator[int]:
    """How many of the *limit* accounts that a day welcomes are left. One at a time: whoever registers does it inside the block.

    No connection is held while waiting, so that a crowd at the door leaves enough of them for the one inside.
    """
    failed: BaseException | None = None
    entered = False
    while not entered:
        async with connections.connection() as conn, conn.transaction():
            (entered,) = await _one(conn, LOCK)
            if entered:
                since = uuid7(int((now - timedelta(days=1)).timestamp() * 1000), NO_RANDOM)
                (registered,) = await _one(conn, NEWEST, since=since, limit=limit)
                try:
                    yield max(0, limit - registered)
                except (Refusal, asyncio.CancelledError) as error:
                    # There is nothing to roll back, and a rollback would make psycopg forget what is prepared on the connection.
                    failed = error
        if not entered:
            await asyncio.sleep(TURN_SECONDS)
    if failed is not None:
        raise failed


async def _one(conn: AsyncConnection[Any], sql: str, **params: Any) -> tuple[Any, ...]:
    row = await (await conn.execute(sql.encode(), params)).fetchone()
    assert row is not None, "each query gives one row"
    return tuple(row)
