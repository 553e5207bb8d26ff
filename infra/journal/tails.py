"""The newest state of streams: what the database knows beyond what this process knows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.kernel.commands import Need
from domain.kernel.facts import Root
from infra.journal.mapper import CanonicalMapper
from infra.journal.snapshots import shape_of, thaw
from infra.postgres.arrays import int4s, texts, uuids
from infra.postgres.prepared import Statement

SNAPSHOT, EVENT, USED, CLOCK = range(4)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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


class Tails(NamedTuple):
    """`rows` are snapshots and events; `used` the command ids that were used before; `clock` the database's time."""

    rows: list[Row]
    used: list[UUID]
    clock: datetime


async def read_tails(connection: Any, wanted: Sequence[tuple[Need, int]], ids: Sequence[UUID]) -> Tails:
    """For each stream *wanted* what is newer than the version known; 0 when nothing is."""
    parameters = {
        "streams": uuids([need.id for need, _ in wanted]),
        "versions": int4s([version for _, version in wanted]),
        "kinds": texts([need.kind.TOPIC for need, _ in wanted]),
        "shapes": int4s([shape_of(need.kind) for need, _ in wanted]),
        "ids": uuids(ids),
    }
    rows = [Row(*row) for row in await TAILS.rows(connection, parameters)]
    return Tails(
        [row for row in rows if row.what in (SNAPSHOT, EVENT)],
        [row.stream for row in rows if row.what == USED],
        next(EPOCH + timedelta(microseconds=row.position) for row in rows if row.what == CLOCK),
    )


def fold(aggregate: Root | None, kind: type[Root], rows: Sequence[Row], mapper: CanonicalMapper) -> Root | None:
    """*aggregate* with the rows of its stream applied.   Raises UpgradeNeeded, ValueError."""
    for row in rows:
        if row.what == SNAPSHOT:
            aggregate = thaw(kind, row.state)
        else:
            aggregate = mapper.read(row.stream, row.version, row.topic, row.state).mutate(aggregate)
        if aggregate is not None:
            aggregate.position = row.position
    return aggregate
