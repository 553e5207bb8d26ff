"""One connection that is made again when it is lost."""

from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from infra.postgres.arrays import adapters

#: A peer that vanished without a word is noticed by the kernel, not after the default of two hours.
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 8_000, "connect_timeout": 3}


class Link:
    """A connection in autocommit that sends batches. Not shared: one user at a time."""

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn = dsn
        self._name = name
        self._connection: AsyncConnection[TupleRow] | None = None

    async def get(self) -> AsyncConnection[TupleRow]:
        """The connection, made if there is none.   Raises psycopg.OperationalError."""
        if self._connection is None or self._connection.closed:
            options: dict[str, Any] = {**KEEPALIVE, "application_name": self._name}
            self._connection = await AsyncConnection.connect(self._dsn, autocommit=True, context=adapters(), **options)
            # Statements of the writer come in ever the same shape, so they are prepared at once.
            self._connection.prepare_threshold = 0
        return self._connection

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def is_lost(error: psycopg.Error) -> bool:
    """Whether the server is away, so that it is unknown what became of the statement; else it has refused it."""
    if isinstance(error, psycopg.errors.IdleInTransactionSessionTimeout):
        return True
    if not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return False
    # 57P..: the server is shutting down or starting; no code at all: the connection broke.
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
