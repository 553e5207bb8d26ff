"""Wakes a follower when the log grows: LISTEN says so at once, and a poll is the safety net, for LISTEN may die quietly."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg import AsyncConnection

log = logging.getLogger(__name__)

CHANNEL = "journal"
RECONNECT_SECONDS = 1.0
QUIET_SECONDS = 30.0


class Wake:
    """Set whenever the log may have grown. `listening` tells tests and metrics whether LISTEN stands."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.listening = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Until the log may have grown, at most *seconds*. False when only time has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        rung = self._event.is_set()
        self._event.clear()
        return rung


@asynccontextmanager
async def listening(dsn: str) -> AsyncIterator[Wake]:
    """A wake that is rung by the channel `journal` for as long as the block lasts; it reconnects by itself."""
    wake = Wake()
    task = asyncio.create_task(_listen(dsn, wake))
    try:
        yield wake
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _listen(dsn: str, wake: Wake) -> None:
    while True:
        try:
            async with await AsyncConnection.connect(dsn, autocommit=True, application_name="daybook listen") as conn:
                await conn.execute(f"LISTEN {CHANNEL}")
                wake.listening.set()
                # What came between the last look and LISTEN would ring no bell.
                wake.ring()
                await _relay(conn, wake)
        except (psycopg.Error, OSError) as error:
            log.warning("LISTEN lost, polling meanwhile: %s", str(error).strip())
        wake.listening.clear()
        await asyncio.sleep(RECONNECT_SECONDS)


async def _relay(conn: AsyncConnection, wake: Wake) -> None:
    while True:
        async for _ in conn.notifies(timeout=QUIET_SECONDS):
            wake.ring()
        # A connection that is dead without saying so is found out here.
        await conn.execute("SELECT 1")
