"""The log as the verifier reads it: its own statements, all columns that mean something, in pages. Ids are texts here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.json import set_json_loads

from projections.audit.report import Difference, Differs, text_of

_COLUMNS = """
    position, stream::text, version, topic, recorded_at, account_id::text, causation, command_id::text, first, result,
    available, held, owed, outside, book, state
"""
# In the order of the log.
BY_POSITION = f"SELECT {_COLUMNS} FROM journal.events WHERE position > %(after)s AND position <= %(upto)s ORDER BY position LIMIT %(limit)s"
# One stream after the other; the last of a page may be cut.
BY_STREAM = f"""
    SELECT {_COLUMNS} FROM journal.events WHERE (stream, version) > (%(stream)s, %(version)s)
    ORDER BY events.stream, version LIMIT %(limit)s
"""
# First facts of streams: the request of a generation that ended before.
FIRST = f"SELECT {_COLUMNS} FROM journal.events WHERE stream = ANY(%(streams)s::uuid[]) AND version = 1"
# What a stream said before: for facts about things that ended long ago.
BEFORE = f"SELECT {_COLUMNS} FROM journal.events WHERE stream = %(stream)s AND position < %(before)s ORDER BY version"
# What is left of a stream that a page has cut.
REST = f"SELECT {_COLUMNS} FROM journal.events WHERE stream = %(stream)s AND version > %(version)s ORDER BY version"
HEAD = "SELECT position FROM journal.events ORDER BY position DESC LIMIT 1"


class Entry(NamedTuple):
    """One row of the log."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: datetime
    account_id: str | None
    causation: int | None
    command_id: str
    first: bool
    result: str | None
    available: int | None
    held: int | None
    owed: int | None
    outside: int | None
    book: str | None
    state: bytes

    def fact(self) -> dict[str, Any]:
        """The state's values.   Raises Differs when it is not JSON, or holds a float."""
        try:
            values = _DECODER.decode(self.state)
        except (msgspec.DecodeError, ValueError) as error:
            differs(self, "the state cannot be read", found=str(error))
        if not isinstance(values, dict):
            differs(self, "the state is no object", found=type(values).__name__)
        return values


async def page(conn: AsyncConnection[Any], sql: str, params: Mapping[str, Any]) -> list[Entry]:
    cursor = await cursor_of(conn).execute(sql.encode(), params)
    return [Entry._make(row) for row in await cursor.fetchall()]


class IdText(Loader):
    """An id as its canonical text, as facts spell it: compared and hashed five times faster than as an object."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        digits = bytes(data).hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def cursor_of(conn: AsyncConnection[Any], **options: Any) -> AsyncCursor[Any]:
    """A cursor that gives ids as texts, and JSON by a fast decoder."""
    cursor = conn.cursor(binary=True, **options)
    cursor.adapters.register_loader("uuid", IdText)
    set_json_loads(msgspec.json.decode, cursor)
    return cursor


async def head_of(conn: AsyncConnection[Any]) -> int:
    row = await (await conn.execute(HEAD)).fetchone()
    return int(row[0]) if row else 0


def differs(entry: Entry, what: str, *, expected: Any = None, found: Any = None) -> NoReturn:
    """The log is not as it must be at *entry*."""
    raise Differs(
        Difference(
            where="log",
            what=f"{entry.topic}: {what}",
            position=entry.position,
            stream=entry.stream,
            expected=None if expected is None else text_of(expected),
            found=None if found is None else text_of(found),
        )
    )


def _no_float(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no whole number")


_DECODER = msgspec.json.Decoder(float_hook=_no_float)
