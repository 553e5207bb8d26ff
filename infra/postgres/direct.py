"""Whether an address leads to the server itself: LISTEN and session locks are lost behind a transaction pooler."""

import asyncio

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow

WAIT_SECONDS = 5.0

# The backend that answers this transaction.
BACKEND = "SELECT pg_backend_pid()"


class DirectUrlPooled(Exception):
    """The address for LISTEN and locks is a transaction pooler's."""

    def __init__(self) -> None:
        super().__init__(
            "DATABASE_DIRECT_URL leads to a transaction pooler: its backend changes between transactions. "
            "Set it to the address of the PostgreSQL server itself."
        )


async def check_direct(dsn: str) -> None:
    """Two clients; the second keeps a transaction open, so a pooler must give the first another backend, or none.

    Raises DirectUrlPooled, psycopg.OperationalError.
    """
    async with await _connect(dsn) as first, await _connect(dsn) as second:
        before = await _backend(first)
        async with second.transaction():
            others = await _backend(second)
            try:
                after = await asyncio.wait_for(_backend(first), WAIT_SECONDS)
            except (TimeoutError, OperationalError):
                raise DirectUrlPooled from None
    if before != after or others == before:
        raise DirectUrlPooled


async def _connect(dsn: str) -> AsyncConnection[TupleRow]:
    return await AsyncConnection.connect(dsn, autocommit=True, prepare_threshold=None, connect_timeout=5)


async def _backend(connection: AsyncConnection[TupleRow]) -> int:
    row = await (await connection.execute(BACKEND)).fetchone()
    assert row is not None
    return int(row[0])
