"""A database with a log that a notary seals when it is asked to, and that is exported and imported whole."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import AsyncConnection

from infra.imports.book import Imported, import_log
from infra.secrets.keyring import Keyring
from projections.log.export import exported
from projections.notary.checkpoint import Checkpoint
from projections.notary.checkpoints import CheckpointRow
from projections.notary.keys import rotate
from projections.notary.notary import Notary
from tests.support.histories import History
from tests.support.logged_book import LoggedBook

NAME = "books.example.com"
WRAPPING = Keyring(b"the secret key of the tests of imports", None)


async def _nothing_remembered(conn: AsyncConnection[Any]) -> Checkpoint | None:
    return None


@dataclass
class Shelf:
    """A database with a log, which a notary seals when it is asked to."""

    url: str
    conn: AsyncConnection[Any]
    book: LoggedBook = field(default_factory=LoggedBook)

    def notary(self) -> Notary:
        return Notary(WRAPPING, name=NAME, remembered=_nothing_remembered)

    async def log(self, steps: int, *, seed: int = 1) -> int:
        """Write more of a random history. Returns the end of the log."""
        History(seed, accounts=3, book=self.book).run(steps)
        return await self.book.flush(self.conn)

    async def sealed(self) -> CheckpointRow:
        return await self.notary().now(self.conn)

    async def rotate(self) -> None:
        await rotate(self.conn, WRAPPING, NAME)

    async def exported(self, *, page_events: int = 50, account_id: str | None = None) -> bytes:
        blocks = exported(self.connect, log_name=NAME, page_events=page_events, account_id=account_id)
        return b"".join([block.lines async for block in blocks])

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection[Any]]:
        yield self.conn

    async def imported(self, data: bytes, **values: Any) -> Imported:
        return await import_log(self.url, io.BytesIO(data), **values)

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return await (await self.conn.execute(sql.encode(), values or None)).fetchall()


@asynccontextmanager
async def shelf_at(url: str) -> AsyncIterator[Shelf]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        yield Shelf(url, conn)
