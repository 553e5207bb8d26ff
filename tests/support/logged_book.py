"""A book whose facts are also rows of a log: histories for read models and their checkers, without the journal's writer."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from domain.kernel.commands import Command
from domain.kernel.facts import Fact
from infra.journal.mapper import CanonicalMapper
from tests.support.book import Book

INSERT = """
    INSERT INTO journal.events (position, stream, version, topic, recorded_at, actor, account_id, correlation, causation,
        command_id, first, available, held, owed, outside, book, state)
    VALUES (%(position)s, %(stream)s, %(version)s, %(topic)s, %(recorded_at)s, 'test', %(account_id)s, '', NULL,
        %(command_id)s, %(first)s, %(available)s, %(held)s, %(owed)s, %(outside)s, %(book)s, %(state)s)
"""


class LoggedBook(Book):
    """`rows` are the log's rows in order, positions 1, 2, 3 …; `flush` writes those that are not in the database yet."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.written = 0
        self._mapper = CanonicalMapper()

    def when(self, command: Command) -> list[Fact]:
        self.now += timedelta(milliseconds=1)
        made = super().when(command)
        assert self.decision is not None
        command_id = self.id()
        for number, fact in enumerate(made):
            self.rows.append(self._row(fact, self.decision.account_id, command_id, first=number == 0))
        for aggregate in self.decision.saved:
            mine = [row["position"] for row in self.rows[len(self.rows) - len(made) :] if row["stream"] == aggregate.id]
            aggregate.position = mine[-1] if mine else aggregate.position
        return made

    async def flush(self, conn: psycopg.AsyncConnection[Any]) -> int:
        """Write what is new and wake followers, in one commit. Returns the end of the log."""
        async with conn.transaction():
            async with conn.cursor() as cursor:
                await cursor.executemany(INSERT, self.rows[self.written :])
            await conn.execute("NOTIFY journal")
        self.written = len(self.rows)
        return self.written

    def _row(self, fact: Fact, account_id: UUID | None, command_id: UUID, *, first: bool) -> dict[str, Any]:
        topic, state = self._mapper.write(fact)
        postings = fact.postings()
        recorded_at: datetime = self.now
        return {
            "position": len(self.rows) + 1,
            "stream": fact.originator_id,
            "version": fact.originator_version,
            "topic": topic,
            "recorded_at": recorded_at,
            "account_id": account_id,
            "command_id": command_id,
            "first": first,
            **(postings._asdict() if postings else dict.fromkeys(("available", "held", "owed", "outside", "book"))),
            "state": state,
        }
