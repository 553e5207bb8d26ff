"""`daybook audit import`: a whole log from a file into an empty one, in one transaction.

It takes as long as the file is long, under the journal's lock, which elsewhere nobody may hold: before it ends there is no
log that anybody could work with, and half of one must never be seen.
"""

from collections.abc import Callable, Collection
from typing import Any, BinaryIO, NamedTuple

import psycopg
from psycopg import AsyncConnection

from infra.imports import following
from infra.imports.checks import Checks, Sealed
from infra.imports.reading import Read, lines_of
from infra.imports.refused import ImportRefused, LineRefused
from infra.imports.rows import COLUMNS, copy_line
from projections.log.lines import Checkpoint, Event, Header, Key
from projections.notary.checkpoint import PublicKey
from projections.notary.nodes import keep

# Nobody appends meanwhile; the number is that of journal.append_v1.
LOCK = "SELECT pg_advisory_xact_lock(7226434610427257601)"
# What a log that was never written to is without.
EMPTY = """
    SELECT (SELECT count(*) FROM (SELECT FROM journal.events LIMIT 1) e), (SELECT count(*) FROM (SELECT FROM proofs.checkpoints LIMIT 1) c)
"""
COPY = f"COPY journal.events ({', '.join(COLUMNS)}) FROM STDIN"
# A key whose private half is elsewhere, or gone: it can check and never sign. Our own stays as it is.
ADD_KEY = """
    INSERT INTO proofs.keys (name, key_id, public, epoch, retired_at)
    VALUES (%(name)s, %(key_id)s, %(public)s, '', clock_timestamp()) ON CONFLICT (public) DO NOTHING
"""
# The notary goes on from here.
TREE = "UPDATE proofs.tree SET size = %(size)s"
ADD_CHECKPOINT = "INSERT INTO proofs.checkpoints (size, root, origin, note) VALUES (%s, %s, %s, %s)"
# Fresh statistics: plans made for an empty table would be used on a full one.
ANALYZE = "ANALYZE journal.events"
WAKE = "NOTIFY journal"
#: So many events are one COPY; the checkpoints between them are written after it.
PART_EVENTS = 50_000
BLOCK_BYTES = 1 << 18
Progress = Callable[[int], None]


class Imported(NamedTuple):
    """What came in. `root` is that of the tree over all events."""

    events: int
    checkpoints: int
    keys: int
    claims: int
    open_generations: int
    root: bytes


async def import_log(
    dsn: str,
    file: BinaryIO,
    *,
    trusted: Collection[str] | None = None,
    on_progress: Progress = lambda done: None,
) -> Imported:
    """Take in *file*. *on_progress* is told how many bytes of it are read.   Raises ImportRefused; then nothing is written."""
    async with await AsyncConnection.connect(dsn, autocommit=True, application_name="daybook import") as conn:
        checks = Checks(trusted)
        async with conn.transaction():
            await conn.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            await conn.execute(LOCK)
            await _check_empty(conn)
            checkpoints = await Part(conn, checks, on_progress).take_all(file)
            await _keep_keys(conn, checks.keys)
            await following.check_incarnation(conn, checks.incarnation)
            claims = await following.make_claims(conn)
            open_generations = await following.make_work(conn)
            await conn.execute(WAKE)
        await conn.execute(ANALYZE)
    return Imported(checks.position, checkpoints, len(checks.keys), claims, open_generations, checks.root)


class Part:
    """Writes the file in parts: events by COPY, then the checkpoints that stood between them, and the tree."""

    def __init__(self, conn: AsyncConnection[Any], checks: Checks, on_progress: Progress) -> None:
        self._conn = conn
        self._checks = checks
        self._on_progress = on_progress
        self._sealed: list[Sealed] = []

    async def take_all(self, file: BinaryIO) -> int:
        """Returns the number of checkpoints."""
        lines = lines_of(file)
        checkpoints = 0
        while await self._take_part(lines):
            checkpoints += await self._write_proofs()
        checkpoints += await self._write_proofs()
        await self._conn.execute(TREE, {"size": self._checks.position})
        return checkpoints

    async def _take_part(self, lines: Any) -> bool:
        """Up to PART_EVENTS events. False when the file is at its end."""
        began = self._checks.position
        try:
            async with self._conn.cursor() as cursor, cursor.copy(COPY.encode()) as copy:
                block: list[bytes] = []
                size = 0
                for read in lines:
                    row = self._checked(read)
                    if row is None:
                        continue
                    block.append(row)
                    size += len(row)
                    if size >= BLOCK_BYTES:
                        await copy.write(b"".join(block))
                        self._on_progress(read.bytes)
                        block, size = [], 0
                    if self._checks.position - began == PART_EVENTS:
                        break
                await copy.write(b"".join(block))
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise ImportRefused(f"the database refuses an event{_place_of(error, began)}: {error.diag.message_primary}") from error
        return self._checks.position - began == PART_EVENTS

    def _checked(self, read: Read) -> bytes | None:
        """The line of COPY for an event."""
        number, line, _ = read
        checks = self._checks
        if isinstance(line, Event):
            return copy_line(checks.event(number, line))
        if isinstance(line, Checkpoint):
            self._sealed.append(checks.checkpoint(number, line))
        elif isinstance(line, Header):
            checks.header(number, line)
        elif isinstance(line, Key):
            checks.key(number, line)
        else:
            checks.end(number)
        return None

    async def _write_proofs(self) -> int:
        """The tree and the checkpoints of this part. Returns the number of checkpoints."""
        grown, self._checks.grown = self._checks.grown, []
        await keep(self._conn, grown)
        sealed, self._sealed = self._sealed, []
        if sealed:
            async with self._conn.cursor() as cursor:
                await cursor.executemany(ADD_CHECKPOINT, sealed)
        return len(sealed)


async def _check_empty(conn: AsyncConnection[Any]) -> None:
    row = await (await conn.execute(EMPTY.encode())).fetchone()
    if row != (0, 0):
        raise ImportRefused("this log is not empty: an import needs a new, migrated database")


async def _keep_keys(conn: AsyncConnection[Any], keys: list[PublicKey]) -> None:
    for key in keys:
        await conn.execute(ADD_KEY, {"name": key.name, "key_id": key.key_id, "public": key.public})


def _place_of(error: psycopg.Error, began: int) -> str:
    """PostgreSQL counts the lines of one COPY; positions have no holes."""
    words = (error.diag.context or "").replace(",", " ").replace(":", " ").split()
    if "line" in words and words[words.index("line") + 1].isdecimal():
        return f" at position {began + int(words[words.index('line') + 1])}"
    return ""


__all__ = ["ImportRefused", "Imported", "LineRefused", "import_log"]
