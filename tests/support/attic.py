"""A book that is signed, and archived in small segments in a directory of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection

from daybook.archiving import Archived, archive_now
from daybook.objects import object_store
from daybook.settings import Settings, load
from daybook.verification import remembered, report_of
from infra.archive.archiver import Limits
from infra.archive.shelf import Shelf
from projections.archive.whole import attach
from projections.audit.report import Report
from projections.projector import projector
from tests.support.projecting import Library
from tests.support.signed_book import SECRET, seal_now

#: Thirty-two events a segment.
LEVEL = 5
EVERYTHING = Limits(to=2**62, seconds=0)
#: No webhooks here: whoever follows the log for them would have come to its end.
OUTBOX = "UPDATE webhooks.follower SET position = (SELECT max(position) FROM journal.events)"


@dataclass
class Attic:
    """`archive` puts away what may go."""

    settings: Settings
    library: Library
    folder: Path

    @property
    def conn(self) -> AsyncConnection[Any]:
        return self.library.conn

    async def write(self, seed: int, steps: int) -> int:
        """More of a busy history, folded and signed. Returns the end of the log."""
        self.library.busy_history(seed, steps)
        return await self.settle()

    async def settle(self) -> int:
        """Fold and sign what is in the log. Returns its end."""
        await self.library.book.flush(self.conn)
        async with object_store(self.settings) as store:
            await projector(self.library.url, Shelf(store)).catch_up()
        await self.conn.execute(OUTBOX)
        return await seal_now(self.conn)

    async def archive(self, limits: Limits = EVERYTHING, *, level: int = LEVEL) -> Archived:
        return await archive_now(self.settings, limits, _silent, level=level)

    async def verify(self) -> Report:
        return await asyncio.to_thread(report_of, self.settings, _silent, kept=remembered([], []))

    def files(self) -> list[Path]:
        return sorted((self.folder / "objects" / "archive").glob("*.gz"))

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return await self.library.rows(sql, *values)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection that knows its archive."""
        async with (
            object_store(self.settings) as store,
            await psycopg.AsyncConnection.connect(self.library.url, autocommit=True) as conn,
        ):
            attach(conn, Shelf(store))
            yield conn


@asynccontextmanager
async def attic_at(url: str, folder: Path) -> AsyncIterator[Attic]:
    """On a migrated database that is empty."""
    settings = load({"DATABASE_URL": url, "DAYBOOK_DATA_DIR": str(folder), "DAYBOOK_SECRET_KEY": SECRET.decode()})
    async with object_store(settings) as store:
        await store.prepare()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        yield Attic(settings, Library(url, conn), folder)


def _silent(done: int, of: int) -> None:
    """No bar."""
