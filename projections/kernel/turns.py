"""Taking turns: what is counted, and then added to, is counted to the last one, in however many processes it is done at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.kernel.refusals import Refusal
from domain.ports import Connections

TURN_SECONDS = 0.01
#: Whoever is inside holds a connection and needs another one: so many at once for one thing, and the pool is never used up.
LANES = 2
LOCK = "SELECT pg_try_advisory_xact_lock(%(lock)s)"


@asynccontextmanager
async def turn(connections: Connections, lane: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection to count on. One at a time in each *lane*: whoever counts adds inside the block.

    No connection is held while waiting, so that a crowd at the door leaves enough of them for the one inside.
    """
    lock = int.from_bytes(blake2b(lane.encode(), digest_size=8).digest(), "big", signed=True)
    failed: BaseException | None = None
    entered = False
    while not entered:
        async with connections.connection() as conn, conn.transaction():
            (entered,) = await one(conn, LOCK, lock=lock)
            if entered:
                try:
                    yield conn
                except (Refusal, asyncio.CancelledError) as error:
                    # There is nothing to roll back, and a rollback would make psycopg forget what is prepared on the connection.
                    failed = error
        if not entered:
            await asyncio.sleep(TURN_SECONDS)
    if failed is not None:
        raise failed


def lane_of(what: str, account_id: UUID) -> str:
    """An account's lane for *what*; it shares it with others."""
    return f"{what}:{account_id.int % LANES}"


async def one(conn: AsyncConnection[Any], sql: str, **params: Any) -> tuple[Any, ...]:
    """The one row of a query that always gives one."""
    row = await (await conn.execute(sql.encode(), params)).fetchone()
    assert row is not None, "each query gives one row"
    return tuple(row)
