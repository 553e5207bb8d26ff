"""The pool for short reads: bounded, in autocommit, so no read ever leaves a transaction open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from domain.archive.ports import Archive
from domain.kernel.refusals import Unavailable
from infra.postgres.arrays import adapters
from projections.archive.whole import attach

WAIT_SECONDS = 5.0
WAITING_MAX = 1_000

# A reader that hangs is worth less than an answer. SET, not startup options, because a transaction pooler refuses those.
CONFIGURE = "SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '5s'; SET jit = off"


class DatabaseUnreachable(Unavailable):
    detail = "The database does not answer. Try again in {retry_after} s."


class Pool:
    """Implements the port `Connections` with a psycopg pool of at most *size* connections. *archive*: where old events' words are."""

    def __init__(self, dsn: str, *, size: int, name: str, archive: Archive | None = None) -> None:
        self.size = size

        async def configure(connection: AsyncConnection[TupleRow]) -> None:
            await connection.execute(CONFIGURE)
            attach(connection, archive)

        self._pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=size,
            max_waiting=WAITING_MAX,
            timeout=WAIT_SECONDS,
            open=False,
            name=name,
            kwargs={"autocommit": True, "application_name": name, "context": adapters()},
            configure=configure,
        )

    async def open(self) -> None:
        """Connect once, so that a wrong address fails here.   Raises DatabaseUnreachable."""
        await self._pool.open()
        try:
            await self._pool.wait(timeout=WAIT_SECONDS)
        except PoolTimeout as error:
            await self._pool.close()
            raise DatabaseUnreachable(retry_after=5) from error

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Any]:
        """A connection for a few statements.   Raises DatabaseUnreachable when none is free or the server is away."""
        try:
            connection = await self._pool.getconn(timeout)
            try:
                async with connection:
                    yield connection
            finally:
                # A task that is cancelled while it gives back would take the connection with it: the pool would be one smaller for good.
                await asyncio.shield(self._pool.putconn(connection))
        except (PoolTimeout, TooManyRequests) as error:
            raise DatabaseUnreachable(retry_after=1) from error
        except OperationalError as error:
            if error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P")):
                raise
            # The server was restarted or went away: the idle connections are probably dead as well.
            await self._pool.check()
            raise DatabaseUnreachable(retry_after=5) from error


@asynccontextmanager
async def open_pool(dsn: str, *, size: int, name: str = "daybook", archive: Archive | None = None) -> AsyncIterator[Pool]:
    """An open pool for as long as the block lasts."""
    pool = Pool(dsn, size=size, name=name, archive=archive)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()
