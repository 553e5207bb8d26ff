"""One connection that is made again when it is lost."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.archive.ports import Archive
from infra.postgres.arrays import adapters
from projections.archive.whole import attach

#: A statement of the writer that takes longer hangs: it is sent again on another connection.
STATEMENT_SECONDS = 3.0
#: A peer that vanished without a word is noticed by the kernel, not after the default of two hours.
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 8_000, "connect_timeout": 3}


class Link:
    """A connection in autocommit that sends batches. Not shared: one user at a time."""

    def __init__(self, dsn: str, name: str, archive: Archive | None = None) -> None:
        self._dsn = dsn
        self._archive = archive
        self._name = name
        self._connection: AsyncConnection[TupleRow] | None = None

    async def get(self) -> AsyncConnection[TupleRow]:
        """The connection, made if there is none.   Raises psycopg.OperationalError."""
        if self._connection is None or self._connection.closed:
            options: dict[str, Any] = {**KEEPALIVE, "application_name": self._name}
            self._connection = await AsyncConnection.connect(self._dsn, autocommit=True, context=adapters(), **options)
            # The writer's statements are prepared by themselves (infra/postgres/prepared.py). If psycopg prepared others, it would
            # deallocate them all after a rollback, in the middle of the next transaction.
            self._connection.prepare_threshold = None
            attach(self._connection, self._archive)
        return self._connection

    @asynccontextmanager
    async def limited(self, seconds: float) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """The connection; if the block takes longer than *seconds* it is cut, and the statement ends as if the server had gone.

        Cancelling the statement would wait for the server, which may be the one that hangs.
        """
        watchdog = asyncio.get_running_loop().call_later(seconds, self._cut)
        try:
            yield await self.get()
        finally:
            watchdog.cancel()

    def _cut(self) -> None:
        if self._connection is None or self._connection.closed:
            return
        # The other side may have closed it already.
        with closing(socket.socket(fileno=os.dup(self._connection.fileno()))) as wire, suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)

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
