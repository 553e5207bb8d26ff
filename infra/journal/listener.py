"""Waiting for the journal's NOTIFY, on a connection of its own."""

from contextlib import aclosing

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from infra.journal.link import Link

LISTEN = "LISTEN journal"


class Listener:
    """Wakes when something was appended since the last wait, and at least every so often."""

    def __init__(self, dsn: str) -> None:
        self._link = Link(dsn, "daybook tail")
        self._listening: AsyncConnection[TupleRow] | None = None

    async def wait(self, seconds_max: float) -> None:
        """Until the next NOTIFY, or *seconds_max* at most.   Raises psycopg.Error when the connection is lost."""
        connection = await self._link.get()
        if connection is not self._listening:
            await connection.execute(LISTEN)
            self._listening = connection
            # Something may have been appended before the LISTEN: the caller looks again at once.
            return
        # Closed here, or it would keep the connection to itself until a task of its own has closed it.
        async with aclosing(connection.notifies(timeout=seconds_max, stop_after=1)) as news:
            async for _ in news:
                return

    async def close(self) -> None:
        await self._link.close()
