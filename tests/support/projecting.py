"""A database, a book whose facts go into its log, and the read models that follow it."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from projections.projector import projector
from tests.support.busy_histories import BusyHistory
from tests.support.histories import History
from tests.support.logged_book import LoggedBook


class Library:
    """The log in the database and what is read from it."""

    def __init__(self, url: str, conn: psycopg.AsyncConnection[Any]) -> None:
        self.url = url
        self.conn = conn
        self.book = LoggedBook()

    def history(self, seed: int, steps: int, *, accounts: int = 3) -> History:
        """A random history on this book, not yet written."""
        return History(seed, accounts=accounts, book=self.book).run(steps)

    def busy_history(self, seed: int, steps: int, *, accounts: int = 3) -> BusyHistory:
        """One with every kind of fact: purchases, subscriptions, reversals, debts, too."""
        history = BusyHistory(seed, accounts=accounts, book=self.book)
        history.run(steps)
        return history

    async def project(self) -> int:
        """Write what the book has and fold it. Returns the end of the log."""
        head = await self.book.flush(self.conn)
        await projector(self.url).catch_up()
        return head

    async def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        return await (await self.conn.execute(sql.encode(), params or None)).fetchall()


@pytest.fixture
async def library(fresh_database_url: str) -> AsyncIterator[Library]:
    async with await psycopg.AsyncConnection.connect(fresh_database_url, autocommit=True) as conn:
        yield Library(fresh_database_url, conn)
