"""What the log says at rest: read by SQL alone, so that it shares nothing with what it judges."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import psycopg

# The final fact of each of some generations.
ENDS = """
    SELECT topic, count(DISTINCT stream) FROM journal.events
    WHERE stream = ANY (%(ids)s) AND topic IN ('generations.succeeded', 'generations.failed', 'generations.canceled') GROUP BY topic
"""
# Credits that were earned, and credits still held, by the ledger's own columns.
LEDGER = """
    SELECT coalesce(sum(outside) FILTER (WHERE book LIKE 'revenue:%%'), 0)::int, coalesce(sum(held), 0)::int
    FROM journal.events WHERE account_id = %(account)s
"""
# Anybody's: one end a generation.
TWICE = """
    SELECT count(*) FROM (
        SELECT stream FROM journal.events
        WHERE topic IN ('generations.succeeded', 'generations.failed', 'generations.canceled') GROUP BY stream HAVING count(*) > 1) ends
"""
# Anybody's: one end a hold, captured or released. The hold's id is the generation's.
HOLDS_ENDED_TWICE = """
    SELECT count(*) FROM (
        SELECT convert_from(state, 'UTF8')::json ->> 'generation_id' AS id FROM journal.events
        WHERE topic IN ('credits.hold_captured', 'credits.hold_released') GROUP BY account_id, id HAVING count(*) > 1) ends
"""
# Anybody's: one hold a generation.
HELD_TWICE = """
    SELECT count(*) FROM (
        SELECT convert_from(state, 'UTF8')::json ->> 'generation_id' AS id FROM journal.events
        WHERE topic = 'credits.held' GROUP BY account_id, id HAVING count(*) > 1) holds
"""
REQUESTED = "SELECT count(*) FROM journal.events WHERE account_id = %(account)s AND topic = 'generations.requested'"
# What was begun more than once: how much the fault cost.
AGAIN = "SELECT count(*) FROM journal.events WHERE stream = ANY (%(ids)s) AND topic = 'generations.started'"
HEAD = "SELECT coalesce(max(position), 0) FROM journal.events"
# How much of the log no checkpoint covers.
UNSEALED = """
    SELECT coalesce((SELECT max(position) FROM journal.events), 0) - coalesce((SELECT max(size) FROM proofs.checkpoints), 0)
"""
OPEN = "SELECT count(*) FROM dispatch.work WHERE generation_id = ANY (%(ids)s)"
BEHIND = "SELECT coalesce((SELECT max(position) FROM journal.events) - min(position), 0) FROM read.models WHERE state = 'live'"
# Why those of some generations that failed did.
CODES = """
    SELECT DISTINCT convert_from(state, 'UTF8')::json ->> 'code' FROM journal.events
    WHERE stream = ANY (%(ids)s) AND topic = 'generations.failed'
"""


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

    def double_effects(self, account: UUID, *, asked: int) -> int:
        """Of the whole log: second ends, second holds and second ends of holds; of *account*: generations beyond the *asked*."""
        with psycopg.connect(self._database_url) as connection:
            twice = sum(_single(connection, query) for query in (TWICE, HELD_TWICE, HOLDS_ENDED_TWICE))
            return twice + max(0, _single(connection, REQUESTED, account=account) - asked)

    def ended_twice(self) -> int:
        return self._one(TWICE)

    def head(self) -> int:
        return self._one(HEAD)

    def unsealed(self) -> int:
        return self._one(UNSEALED)

    def behind(self) -> int:
        """Events that the slowest read model has not folded."""
        return self._one(BEHIND)

    def open_work(self, ids: Sequence[UUID]) -> int:
        return self._one(OPEN, ids=list(ids))

    def codes(self, ids: Sequence[UUID]) -> set[str]:
        """Why those that failed did."""
        with psycopg.connect(self._database_url) as connection:
            return {row[0] for row in connection.execute(CODES, {"ids": list(ids)}).fetchall()}

    def _one(self, query: str, **values: object) -> int:
        with psycopg.connect(self._database_url) as connection:
            return _single(connection, query, **values)


def _single(connection: psycopg.Connection, query: str, **values: object) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])
