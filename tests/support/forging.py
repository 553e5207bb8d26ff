"""A book in a database whose owner forges it: each change is undone after the verifier has looked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from projections.audit.report import Report
from projections.audit.source import Source
from projections.audit.verify import checked

CHECKS = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint JOIN pg_namespace n ON n.oid = connamespace
    WHERE nspname IN ('journal', 'proofs', 'read') AND contype IN ('c', 'f', 'p', 'u')
"""
INDEXES = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'journal.events'::regclass AND NOT indisprimary"


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
        return self.after_all([(sql, params)])

    def after_all(self, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> Report:
        with self.conn.transaction(force_rollback=True):
            for sql, params in statements:
                cursor = self.conn.execute(sql.encode(), params or None)
                assert cursor.rowcount != 0, "the forgery must hit something"
            return checked(Nested(self.conn))

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        return self.conn.execute(sql.encode(), params or None).fetchall()

    def lift_checks(self) -> None:
        """Whoever has all rights is not stopped by constraints."""
        for table, name in self.rows(CHECKS):
            self.conn.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
        for (name,) in self.rows(INDEXES):
            self.conn.execute(f"DROP INDEX {name}".encode())


@contextmanager
def forger(dsn: str) -> Iterator[Forger]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        yield Forger(conn)
