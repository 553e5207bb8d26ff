"""Where the verifier reads: one connection, pages of the log, rows of tables. It writes nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from psycopg import Connection, Cursor, DataError
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.rows import dict_row
from psycopg.types.datetime import DateBinaryLoader, TimestamptzBinaryLoader
from psycopg.types.json import set_json_loads

from projections.audit.archived import NO_SPOOL, Spool
from projections.audit.entries import HEAD, Entry

Row = dict[str, Any]

CONFIGURE = "SET statement_timeout = '60s'; SET jit = off; SET timezone = 'UTC'"
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@contextmanager
def opened(dsn: str) -> Iterator[Connection[Any]]:
    with Connection.connect(dsn, autocommit=True, application_name="daybook verify") as conn:
        yield conn


class Source:
    """A connection in autocommit. *spool*: what the archive has of old entries."""

    def __init__(self, conn: Connection[Any], spool: Spool = NO_SPOOL) -> None:
        self.conn = conn
        self.spool = spool
        conn.execute(CONFIGURE)

    def page(self, sql: str, params: Mapping[str, Any]) -> list[Entry]:
        """Entries of the log, by one of the statements made for them.   Raises Differs for one that the archive does not have."""
        found = self._cursor().execute(sql.encode(), params).fetchall()
        return self.spool.whole([Entry._make(row) for row in found])

    def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """Rows by column name: ids as texts, times with their zone, JSON as values."""
        cursor = self._cursor(row_factory=dict_row).execute(sql.encode(), params)
        try:
            return cursor.fetchall()
        except DataError:
            # A forged time outside of Python's calendar: it is compared, and differs, as text.
            lenient = self._cursor(row_factory=dict_row)
            lenient.adapters.register_loader("date", AnyDate)
            lenient.adapters.register_loader("timestamptz", AnyTime)
            return lenient.execute(sql.encode(), params).fetchall()

    def tuples(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self._cursor().execute(sql.encode(), params).fetchall()

    def head(self) -> int:
        """The last position of the log."""
        found = self.tuples(HEAD)
        return int(found[0][0]) if found else 0

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything in the block is read as of one moment. Short: a page, never the whole run."""
        with self.conn.transaction():
            self.conn.execute(SNAPSHOT)
            yield

    def _cursor(self, **options: Any) -> Cursor[Any]:
        """Gives ids as texts, and JSON by a fast decoder."""
        cursor = self.conn.cursor(binary=True, **options)
        cursor.adapters.register_loader("uuid", IdText)
        set_json_loads(msgspec.json.decode, cursor)
        return cursor


class IdText(Loader):
    """An id as its canonical text, as facts spell it: compared and hashed five times faster than as an object."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        digits = bytes(data).hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class AnyTime(TimestamptzBinaryLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError as error:
            return str(error)


class AnyDate(DateBinaryLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError as error:
            return str(error)
