"""The tail: one reader of the log per process, which wakes whoever waits in it.

LISTEN wakes it; a poll every second is the safety net, because a LISTEN can die silently.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from typing import Any
from uuid import UUID

import psycopg

from domain.kernel.refusals import Unavailable
from domain.ports import Recorded
from infra.journal.journal import PostgresJournal
from infra.journal.listener import Listener
from infra.journal.subscribers import Subscribers
from infra.postgres.direct import check_direct

PAGE_EVENTS = 500
#: Of a page of which hardly anything is wanted.
FEATURES_PAGE_EVENTS = 2_000
PAUSE_SECONDS = 1.0
#: A busy log commits several hundred times a second; reading it as often would cost a tenth of the process.
BREATH_SECONDS = 0.004
#: While nobody waits for anything, only the directory of accounts hears of the log, and may do so a little later.
UNWATCHED_SECONDS = 0.1

logger = logging.getLogger(__name__)


class LogTail:
    """Implements `domain.ports.Tail`. Make it with `open_tail`."""

    def __init__(self, dsn: str, journal: PostgresJournal) -> None:
        self._journal = journal
        self._listener = Listener(dsn)
        self._subscribers = Subscribers()
        self._position = 0
        self._waiting = 0
        self._wanted = asyncio.Event()

    @property
    def position(self) -> int:
        return self._position

    @asynccontextmanager
    async def follow(
        self, *, account_id: UUID | None = None, stream: UUID | None = None, feature: str | None = None
    ) -> AsyncIterator[AsyncIterator[Recorded]]:
        patient = feature is not None and stream is None and account_id is None
        with nullcontext() if patient else self._wanting(), self._subscribers.subscribe(stream or account_id or feature) as events:
            yield events

    async def begin(self) -> None:
        """Start from the log's end: what is older is read by whoever wants it."""
        self._position = await self._journal.head()

    async def run(self) -> None:
        """For ever: one that had ended would leave everybody waiting, and the server with a listener that does not read."""
        while True:
            try:
                await self._read_on()
                await self._breathe()
                await self._listener.wait(PAUSE_SECONDS)
            except Exception as error:
                if isinstance(error, (psycopg.Error, OSError, Unavailable)):
                    logger.warning("the tail stands still, and tries again in %.1f s: %s", PAUSE_SECONDS, error)
                else:
                    logger.exception("the tail cannot go on, and tries again in %.1f s", PAUSE_SECONDS)
                await self._listener.close()
                await asyncio.sleep(PAUSE_SECONDS)

    async def close(self) -> None:
        await self._listener.close()
        self._subscribers.end()

    @contextmanager
    def _wanting(self) -> Iterator[None]:
        self._waiting += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._waiting -= 1

    async def _breathe(self) -> None:
        if not self._waiting:
            self._wanted.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), UNWATCHED_SECONDS)
        await asyncio.sleep(BREATH_SECONDS)

    async def _read_on(self) -> None:
        while True:
            rows, size = await self._next()
            if not rows:
                return
            self._subscribers.publish(rows, self._journal.decoded)
            before, self._position = self._position, rows[-1][0]
            if self._position - before < size:
                return

    async def _next(self) -> tuple[list[Any], int]:
        """The next page, and how many events one has; while only features are followed, of it the events of those and the last one."""
        features = self._subscribers.features()
        if features is not None:
            rows = await self._journal.rows(self._position, FEATURES_PAGE_EVENTS, features=features)
            if self._subscribers.features() == features:
                return rows, FEATURES_PAGE_EVENTS
            # Somebody began to follow while the page was read: what was left out of it may concern him.
        return await self._journal.rows(self._position, PAGE_EVENTS), PAGE_EVENTS


@asynccontextmanager
async def open_tail(dsn: str, journal: PostgresJournal) -> AsyncIterator[LogTail]:
    """A running tail. *dsn* must lead to the server itself: a transaction pooler forgets LISTEN.   Raises DirectUrlPooled."""
    await check_direct(dsn)
    tail = LogTail(dsn, journal)
    await tail.begin()
    task = asyncio.create_task(tail.run())
    try:
        yield tail
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await tail.close()
