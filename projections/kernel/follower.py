"""A follower: something that reads the log in order, remembers how far it is, and does one thing with each batch.

Its sink does the work of one step and moves the position by compare-and-set, in one transaction. So any number of
processes may run the same follower: the leader lock only saves them from working for nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import psycopg
from psycopg import AsyncConnection

from domain.archive.ports import Archive
from domain.archive.refusals import ARCHIVE_AWAY
from projections.archive.whole import attach
from projections.kernel.wake import Wake, listening

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
#: A step costs some milliseconds whatever it takes. Under load a pause after it lets the next be larger, and leaves the
#: machine to those who append; after quiet the first step comes at once, and what one client alone does is followed closely.
#: (a step of fewer events, seconds of the pause after it); after one of more, which is catching up, there is none.
PAUSES = (10, 0.01), (25, 0.04), (1_000, 0.1)
RETRY_SECONDS_MIN = 0.2
RETRY_SECONDS_MAX = 10.0
ARCHIVE_SECONDS = 5.0

# SET, not startup options, because a transaction pooler refuses those. A process that is stopped in the middle (SIGSTOP)
# must lose its locks: in a transaction after 5 s, the leader lock after 30 s; a leader that lives says something each second.
CONFIGURE = """
    SET idle_in_transaction_session_timeout = '5s'; SET idle_session_timeout = '30s'; SET statement_timeout = '60s'; SET jit = off
"""
# Held as long as the session lasts.
LEAD = "SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0))"


class Sink(Protocol):
    """What a follower does."""

    async def step(self, conn: AsyncConnection[Any]) -> int:
        """Take the next batch, if there is one. Returns how many events it took; 0 at the end of the log."""


class Follower:
    """Runs a sink whenever the log grows, and at least once a second. `dsn` must lead to sessions, not to a transaction pooler."""

    def __init__(self, dsn: str, *, name: str, sink: Sink, poll_seconds: float = POLL_SECONDS) -> None:
        self.dsn = dsn
        self.name = name
        self.sink = sink
        self.poll_seconds = poll_seconds
        self.leading = False
        #: Where the words of old events are; told before it runs.
        self.archive: Archive | None = None
        #: For metrics: called with the error of each failed round.
        self.on_error: Callable[[Exception], None] = lambda error: None

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until *stop* is set. A lost database or archive is waited for; what the sink raises beside that ends the run."""
        async with listening(self.dsn) as wake:
            ends = asyncio.create_task(_ring_at(stop, wake))
            try:
                await self._run(stop, wake)
            finally:
                ends.cancel()
                with suppress(asyncio.CancelledError):
                    await ends

    async def catch_up(self) -> int:
        """Step until the end of the log, leader or not. Returns how many events were taken."""
        taken = 0
        async with self.connection() as conn:
            while count := await self.sink.step(conn):
                taken += count
        return taken

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with await AsyncConnection.connect(self.dsn, autocommit=True, application_name=f"daybook {self.name}") as conn:
            await conn.execute(CONFIGURE)
            attach(conn, self.archive)
            yield conn

    async def _run(self, stop: asyncio.Event, wake: Wake) -> None:
        pause = RETRY_SECONDS_MIN
        while not stop.is_set():
            try:
                async with self.connection() as conn:
                    pause = RETRY_SECONDS_MIN
                    await self._follow(conn, stop, wake)
            except psycopg.OperationalError as error:
                log.warning("%s lost the database, trying again in %.1f s: %s", self.name, pause, str(error).strip())
                self.on_error(error)
                await _pause(stop, pause)
                pause = min(pause * 2, RETRY_SECONDS_MAX)
            except ARCHIVE_AWAY as error:
                # What it needs of the archive is away, or was lost: it waits, and whoever looks at its position sees it.
                log.warning("%s waits for the archive: %s", self.name, error)
                self.on_error(error)
                await _pause(stop, ARCHIVE_SECONDS)
            finally:
                self.leading = False

    async def _follow(self, conn: AsyncConnection[Any], stop: asyncio.Event, wake: Wake) -> None:
        while not stop.is_set():
            self.leading = self.leading or await _lead(conn, self.name)
            if not self.leading:
                # Not woken by the log: whoever leads does the work.
                await _pause(stop, self.poll_seconds)
                continue
            taken = await self.sink.step(conn)
            if taken == 0:
                await wake.wait(self.poll_seconds)
            elif (pause := _pause_after(taken)) > 0:
                await asyncio.sleep(pause)


def _pause_after(taken: int) -> float:
    return next((seconds for fewer, seconds in PAUSES if taken < fewer), 0.0)


async def _lead(conn: AsyncConnection[Any], name: str) -> bool:
    row = await (await conn.execute(LEAD, {"name": f"daybook:{name}"})).fetchone()
    return bool(row and row[0])


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _ring_at(stop: asyncio.Event, wake: Wake) -> None:
    await stop.wait()
    wake.ring()
