"""The table of segments: which positions are in the archive, and in which file."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

_COLUMNS = "first, last, object_key, bytes AS size, sha256, root, thinned_at IS NOT NULL AS thinned"
# All of them, in order; one in four thousand events.
ALL = f"SELECT {_COLUMNS} FROM journal.segments ORDER BY first"
ONE = f"SELECT {_COLUMNS} FROM journal.segments WHERE first = %(first)s"
ADD = """
    INSERT INTO journal.segments (first, last, object_key, bytes, sha256, root)
    VALUES (%(first)s, %(last)s, %(object_key)s, %(size)s, %(sha256)s, %(root)s)
"""
THINNED = "UPDATE journal.segments SET thinned_at = clock_timestamp() WHERE first = %(first)s"


class SegmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """`thinned`: the words of its rows are in the file only."""

    first: int
    last: int
    object_key: str
    #: Bytes of the file.
    size: int
    sha256: bytes
    root: bytes
    thinned: bool


async def all_of(conn: AsyncConnection[Any]) -> Sequence[SegmentRow]:
    return await _rows(conn, ALL, {})


async def one_of(conn: AsyncConnection[Any], first: int) -> SegmentRow | None:
    """The segment that begins at position *first*."""
    found = await _rows(conn, ONE, {"first": first})
    return found[0] if found else None


async def _rows(conn: AsyncConnection[Any], sql: str, params: dict[str, Any]) -> list[SegmentRow]:
    # Whatever the connection's own rows are like; binary, so that bytes need no unescaping.
    cursor = conn.cursor(row_factory=class_row(SegmentRow), binary=True)
    await cursor.execute(sql.encode(), params)
    return await cursor.fetchall()
