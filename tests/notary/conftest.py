"""What the notary's tests share: a log with a random history, and notaries of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from infra.secrets.keyring import Keyring
from projections.notary.checkpoint import Checkpoint
from projections.notary.checkpoints import CheckpointRow
from projections.notary.notary import Notary
from tests.support.histories import History
from tests.support.logged_book import LoggedBook

SECRET = b"the secret key of the notary's tests"


async def nothing_remembered(conn: AsyncConnection[Any]) -> Checkpoint | None:
    return None


@dataclass
class Office:
    """A log, and a connection as the notary's follower has one."""

    url: str
    conn: AsyncConnection[Any]
    book: LoggedBook = field(default_factory=LoggedBook)

    async def log(self, steps: int, *, seed: int = 1) -> int:
        """Write more of a random history. Returns the end of the log."""
        History(seed, accounts=3, book=self.book).run(steps)
        return await self.book.flush(self.conn)

    def notary(self, *, secret: bytes = SECRET, previous: bytes | None = None, remembered: Any = nothing_remembered) -> Notary:
        return Notary(Keyring(secret, previous), name="books.example.com", remembered=remembered)

    async def sealed(self, notary: Notary | None = None) -> CheckpointRow:
        """Everything in the log taken and signed, as it is done on demand."""
        return await (notary or self.notary()).now(self.conn)

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return await (await self.conn.execute(sql.encode(), values or None)).fetchall()


@pytest.fixture
async def office(fresh_database_url: str) -> AsyncIterator[Office]:
    async with await psycopg.AsyncConnection.connect(fresh_database_url, autocommit=True) as conn:
        yield Office(fresh_database_url, conn)
