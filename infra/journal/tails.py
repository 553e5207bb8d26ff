"""The newest state of streams: what the database knows beyond what this process knows."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.archive.refusals import ARCHIVE_AWAY, ArchiveUnavailable
from domain.kernel.commands import Need
from domain.kernel.facts import Root
from infra.journal.mapper import CanonicalMapper
from infra.journal.snapshots import shape_of, thaw
from infra.postgres.arrays import int4s, texts, uuids
from infra.postgres.prepared import Statement
from projections.archive.thin import MARK, segment_of
from projections.archive.whole import Places, whole

SNAPSHOT, EVENT, USED, CLOCK = range(4)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Whoever decides holds up the others: a stream whose old events do not come in this time is refused to its own commands alone.
ARCHIVE_SECONDS = 1.0

logger = logging.getLogger(__name__)

# One round trip, index probes only: see 0010_tails.sql.
TAILS = Statement(
    "daybook_tails",
    """
    SELECT what, stream, version, "position", topic, state
    FROM journal.tails_v1(%(streams)s, %(versions)s, %(kinds)s, %(shapes)s, %(ids)s)
    """,
)


class Row(NamedTuple):
    what: int
    stream: UUID
    version: int
    position: int
    topic: str
    state: bytes


_PLACES = Places(position=3, state=5)


class Tails(NamedTuple):
    """`rows` are snapshots and events; `used` the command ids that were used before; `clock` the database's time."""

    rows: list[Row]
    used: list[UUID]
    clock: datetime


async def read_tails(connection: Any, wanted: Sequence[tuple[Need, int]], ids: Sequence[UUID], *, before: Sequence[str] = ()) -> Tails:
    """For each stream *wanted* what is newer than the version known; 0 when nothing is. *before* goes to the server with it, and first."""
    parameters = {
        "streams": uuids([need.id for need, _ in wanted]),
        "versions": int4s([version for _, version in wanted]),
        "kinds": texts([need.kind.TOPIC for need, _ in wanted]),
        "shapes": int4s([shape_of(need.kind) for need, _ in wanted]),
        "ids": uuids(ids),
    }
    rows = [Row(*row) for row in await TAILS.rows(connection, parameters, before=before)]
    return Tails(
        await whole_rows(connection, [row for row in rows if row.what in (SNAPSHOT, EVENT)]),
        [row.stream for row in rows if row.what == USED],
        next(EPOCH + timedelta(microseconds=row.position) for row in rows if row.what == CLOCK),
    )


async def whole_rows(connection: Any, rows: Sequence[Row]) -> list[Row]:
    """*rows* with the words that the archive has. Those it does not give now stay as they are, and `fold` refuses them."""
    try:
        async with asyncio.timeout(ARCHIVE_SECONDS):
            return [row if isinstance(row, Row) else Row(*row) for row in await whole(connection, rows, _PLACES)]
    except (*ARCHIVE_AWAY, TimeoutError) as error:
        logger.warning("archived events cannot be read now: %s", error or "the archive takes too long")
        return list(rows)


def fold(aggregate: Root | None, kind: type[Root], rows: Sequence[Row], mapper: CanonicalMapper) -> Root | None:
    """*aggregate* with the rows of its stream applied.   Raises UpgradeNeeded, ArchiveUnavailable, ValueError."""
    for row in rows:
        if row.what == SNAPSHOT:
            aggregate = thaw(kind, row.state)
        elif row.state.startswith(MARK):
            raise ArchiveUnavailable(first=segment_of(row.state), why="the archive does not give them now", retry_after=5)
        else:
            aggregate = mapper.read(row.stream, row.version, row.topic, row.state).mutate(aggregate)
        if aggregate is not None:
            aggregate.position = row.position
    return aggregate
