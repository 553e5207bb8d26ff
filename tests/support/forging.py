"""A book in a database whose owner forges it: each change is undone after the verifier has looked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from projections.audit.report import Report
from projections.audit.source import Source
from projections.audit.verify import checked

CHECKS = "SELECT conname FROM pg_constraint WHERE conrelid = 'journal.events'::regclass AND contype = 'c'"


class Nested(Source):
    """Reads inside the forger's transaction: pages are savepoints of it."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.conn.transaction():
            yield


class Forger:
    """Somebody with all rights on the database."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn

    def after(self, sql: str, *params: Any) -> Report:
        """What verify says after *sql*, which must change something and is undone."""
        with self.conn.transaction(force_rollback=True):
            cursor = self.conn.execute(sql.encode(), params or None)
            assert cursor.rowcount != 0, "the forgery must hit something"
            return checked(Nested(self.conn))

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        return self.conn.execute(sql.encode(), params or None).fetchall()

    def lift_checks(self) -> None:
        """Whoever has all rights is not stopped by constraints."""
        self.conn.execute("DROP INDEX journal.events_command")
        for (name,) in self.rows(CHECKS):
            self.conn.execute(f"ALTER TABLE journal.events DROP CONSTRAINT {name}".encode())


@contextmanager
def forger(dsn: str) -> Iterator[Forger]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        yield Forger(conn)
