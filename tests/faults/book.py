"""What the log says at rest: read by SQL alone, so that it shares nothing with what it judges."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import psycopg

# The final fact of each of some generations.
ENDS = """
    SELECT topic, count(*) FROM journal.events
    WHERE stream = ANY (%(ids)s) AND topic IN ('generations.succeeded', 'generations.failed', 'generations.canceled') GROUP BY topic
"""
# Credits that were earned, and credits still held, by the ledger's own columns.
LEDGER = """
    SELECT coalesce(sum(outside) FILTER (WHERE book LIKE 'revenue:%%'), 0)::int, coalesce(sum(held), 0)::int
    FROM journal.events WHERE account_id = %(account)s
"""
TWICE = """
    SELECT count(*) FROM (
        SELECT stream FROM journal.events
        WHERE topic IN ('generations.succeeded', 'generations.failed', 'generations.canceled') GROUP BY stream HAVING count(*) > 1) ends
"""
# What was begun more than once: how much the fault cost.
AGAIN = "SELECT count(*) FROM journal.events WHERE stream = ANY (%(ids)s) AND topic = 'generations.started'"
# How much of the log no checkpoint covers.
UNSEALED = """
    SELECT coalesce((SELECT max(position) FROM journal.events), 0) - coalesce((SELECT max(size) FROM proofs.checkpoints), 0)
"""
OPEN = "SELECT count(*) FROM dispatch.work WHERE generation_id = ANY (%(ids)s)"


class Ends(NamedTuple):
    succeeded: int
    failed: int
    canceled: int
    #: Starts beyond the first.
    again: int

    @property
    def total(self) -> int:
        return self.succeeded + self.failed + self.canceled


class Ledger(NamedTuple):
    charged: int
    held: int


class Book:
    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    def ends(self, ids: Sequence[UUID]) -> Ends:
        with psycopg.connect(self._database_url) as connection:
            found: dict[str, int] = dict(connection.execute(ENDS, {"ids": list(ids)}).fetchall())
            starts = _single(connection, AGAIN, ids=list(ids))
        succeeded, failed, canceled = (found.get(f"generations.{word}", 0) for word in ("succeeded", "failed", "canceled"))
        return Ends(succeeded, failed, canceled, max(0, starts - len(ids)))

    def ledger(self, account: UUID) -> Ledger:
        with psycopg.connect(self._database_url) as connection:
            row = connection.execute(LEDGER, {"account": account}).fetchone()
        assert row is not None
        return Ledger(*row)

    def ended_twice(self) -> int:
        with psycopg.connect(self._database_url) as connection:
            return _single(connection, TWICE)

    def unsealed(self) -> int:
        with psycopg.connect(self._database_url) as connection:
            return _single(connection, UNSEALED)

    def open_work(self, ids: Sequence[UUID]) -> int:
        with psycopg.connect(self._database_url) as connection:
            return _single(connection, OPEN, ids=list(ids))


def _single(connection: psycopg.Connection, query: str, **values: object) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])
