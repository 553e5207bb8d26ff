"""The table of checkpoints and of the log's incarnations."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

_COLUMNS = "size, root, origin, note, signed_at"
# The last one, by its key.
LATEST = f"SELECT {_COLUMNS} FROM proofs.checkpoints ORDER BY size DESC LIMIT 1"
OF_SIZE = f"SELECT {_COLUMNS} FROM proofs.checkpoints WHERE size = %(size)s"
# A page either way, by the size, which never changes.
PAGES = {
    "asc": f"SELECT {_COLUMNS} FROM proofs.checkpoints WHERE size > %(after)s ORDER BY size LIMIT %(limit)s",
    "desc": f"SELECT {_COLUMNS} FROM proofs.checkpoints WHERE size < %(after)s ORDER BY size DESC LIMIT %(limit)s",
}
ADD = "INSERT INTO proofs.checkpoints (size, root, origin, note) VALUES (%(size)s, %(root)s, %(origin)s, %(note)s)"
INCARNATION = "SELECT max(incarnation) FROM proofs.log"
# How far the last checkpoint reaches; 0 before the first.
SEALED = "SELECT coalesce(max(size), 0) FROM proofs.checkpoints"
# How many there are, and the size of the last, as of one moment.
COUNT = "SELECT count(*), coalesce(max(size), 0) FROM proofs.checkpoints"
ENDLESS = 2**63 - 1


class CheckpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """A signed tree head as it is kept; `note` is the whole of it."""

    size: int
    root: bytes
    origin: str
    note: str
    signed_at: datetime


async def latest(conn: AsyncConnection[Any]) -> CheckpointRow | None:
    return await _one(conn, LATEST, {})


async def of_size(conn: AsyncConnection[Any], size: int) -> CheckpointRow | None:
    return await _one(conn, OF_SIZE, {"size": size})


async def page(conn: AsyncConnection[Any], *, order: str = "asc", after: int | None = None, limit: int) -> list[CheckpointRow]:
    """At most *limit* checkpoints beyond the size *after* (None: from the beginning of the order)."""
    first = 0 if order == "asc" else ENDLESS
    cursor = conn.cursor(row_factory=class_row(CheckpointRow))
    await cursor.execute(PAGES[order].encode(), {"after": first if after is None else after, "limit": limit})
    return await cursor.fetchall()


async def add(conn: AsyncConnection[Any], *, size: int, root: bytes, origin: str, note: str) -> None:
    await conn.execute(ADD, {"size": size, "root": root, "origin": origin, "note": note})


async def sealed_size(conn: AsyncConnection[Any]) -> int:
    """How many events the last checkpoint covers."""
    return await _number(conn, SEALED)


async def counted(conn: AsyncConnection[Any]) -> tuple[int, int]:
    """How many checkpoints were signed, and how many events the last covers. Later ones are larger, so these stay the first."""
    row = await (await conn.execute(COUNT)).fetchone()
    assert row is not None, "an aggregate always has a row"
    return int(row[0]), int(row[1])


async def incarnation(conn: AsyncConnection[Any]) -> int:
    """The number of the log's incarnation; part of every origin."""
    return await _number(conn, INCARNATION)


async def _one(conn: AsyncConnection[Any], sql: str, params: dict[str, Any]) -> CheckpointRow | None:
    cursor = conn.cursor(row_factory=class_row(CheckpointRow))
    await cursor.execute(sql.encode(), params)
    return await cursor.fetchone()


async def _number(conn: AsyncConnection[Any], sql: str) -> int:
    row = await (await conn.execute(sql.encode())).fetchone()
    assert row is not None, "an aggregate always has a row"
    return int(row[0])
