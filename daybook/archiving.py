"""Archiving and looking at the archive, on the engines and the store that the settings name."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import AsyncConnection, connect

from daybook.objects import object_store
from daybook.schema import direct_url
from daybook.settings import Settings
from domain.ports import ObjectStore
from infra.archive import segments
from infra.archive.archiver import Archiver, Limits
from infra.archive.segment import LEVEL, SegmentDamaged
from infra.archive.shelf import Shelf
from projections.archive.thin import thinned
from projections.archive.whole import attach
from projections.audit.archived import Writer, writing
from projections.kernel.follower import CONFIGURE
from projections.log.lines import Event, state_bytes

Advance = Callable[[int, int], None]
ANY = "SELECT EXISTS (SELECT FROM journal.segments)"


class Archived(NamedTuple):
    """What was done: segments written, rows that gave up their words, bytes of the new files; the last position archived."""

    segments: int
    thinned: int
    bytes: int
    upto: int


class Looked(NamedTuple):
    """The whole archive."""

    segments: int
    events: int
    bytes: int


async def archive_now(settings: Settings, limits: Limits, advance: Advance, *, level: int = LEVEL) -> Archived:
    """Archive what the limits and the log's readers allow; first finish what was interrupted.

    Raises AnotherArchives, LogDiffers, SegmentDamaged, NodesLost, StoreUnavailable.
    """
    async with _reading(settings) as (conn, objects):
        archiver = Archiver(conn, objects, level=level)
        await archiver.lock()
        written = changed = size = 0
        for row in await archiver.unfinished():
            changed += await archiver.thin(row)
        planned = await archiver.plan(limits)
        for number, (first, last) in enumerate(planned, 1):
            row, events = await archiver.write(first, last)
            changed += await archiver.thin(row, events)
            written, size = written + 1, size + row.size
            advance(number, len(planned))
        rows = await segments.all_of(conn)
        return Archived(written, changed, size, rows[-1].last if rows else 0)


async def look(settings: Settings, advance: Advance, *, spool: Path | None = None) -> Looked:
    """Read every segment and check it by itself: bytes, lines, root, path, signature. With *spool* keep its words for the verifier.

    Raises SegmentDamaged, StoreUnavailable.
    """
    async with _reading(settings) as (conn, objects):
        archiver = Archiver(conn, objects)
        rows = await segments.all_of(conn)
        end = 0
        with writing(spool) if spool else nullcontext() as writer:
            for number, row in enumerate(rows, 1):
                if row.first != end + 1:
                    raise SegmentDamaged(end + 1, f"the archive has no segment of it; the next one begins at position {row.first}")
                events = await archiver.read(row)
                if writer:
                    _spool(writer, row.first, events)
                end = row.last
                advance(number, len(rows))
        return Looked(len(rows), end, sum(row.size for row in rows))


def is_archived(settings: Settings) -> bool:
    """Whether there are segments."""
    with connect(direct_url(settings), autocommit=True) as conn:
        row = conn.execute(ANY).fetchone()
    return bool(row and row[0])


def _spool(writer: Writer, segment: int, events: Sequence[Event]) -> None:
    for event in events:
        state = state_bytes(event.state)
        writer.add(thinned(event.topic, state, segment), event.actor, event.correlation, state)


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[tuple[AsyncConnection[Any], ObjectStore]]:
    dsn = direct_url(settings)
    async with (
        object_store(settings) as objects,
        await AsyncConnection.connect(dsn, autocommit=True, application_name="daybook archive") as conn,
    ):
        await conn.execute(CONFIGURE)
        attach(conn, Shelf(objects))
        yield conn, objects
