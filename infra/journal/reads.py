"""Reading the log: pages of it, one stream, its head."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.kernel.facts import Root
from domain.ports import Recorded
from infra.journal.mapper import CanonicalMapper
from infra.journal.snapshots import shape_of
from infra.journal.tails import EVENT, SNAPSHOT, Row, whole_rows
from projections.archive.whole import Places, whole

COLUMNS = "position, stream, version, topic, recorded_at, actor, account_id, correlation, causation, command_id, state"
_PLACES = Places(position=0, state=10, actor=5, correlation=7)

# A page of the log. Positions have no holes, so a reader that asks on from the last one misses nothing.
PAGE = f"SELECT {COLUMNS} FROM journal.events WHERE position > %(after)s ORDER BY position LIMIT %(limit)s"
# Of such a page the events of some features, and its last event whatever it is, which says how far the page went.
PAGE_OF_FEATURES = f"""
    WITH page AS (SELECT {COLUMNS} FROM journal.events WHERE position > %(after)s ORDER BY position LIMIT %(limit)s)
    SELECT {COLUMNS} FROM page
    WHERE split_part(topic, '.', 1) = ANY (%(features)s) OR position = (SELECT max(position) FROM page) ORDER BY position
"""
# One stream, whole.
STREAM = f"SELECT {COLUMNS} FROM journal.events WHERE stream = %(stream)s ORDER BY version"
# A page of an account's own, by its index.
OF_ACCOUNT = f"""
    SELECT {COLUMNS} FROM journal.events
    WHERE account_id = %(account_id)s AND position > %(after)s AND topic = ANY (%(topics)s) ORDER BY position LIMIT %(limit)s
"""
HEAD = "SELECT position FROM journal.events ORDER BY position DESC LIMIT 1"
LAST_OF_ACCOUNT = "SELECT position FROM journal.events WHERE account_id = %(account_id)s ORDER BY position DESC LIMIT 1"
VERSION = "SELECT version FROM journal.events WHERE stream = %(stream)s ORDER BY version DESC LIMIT 1"
CLAIM = "SELECT stream FROM journal.claims WHERE claim = %(claim)s"
# The latest snapshot not after a position, …
SNAPSHOT_UNTIL = """
    SELECT 0, stream, version, position, kind, state FROM journal.snapshots
    WHERE stream = %(stream)s AND position <= %(until)s AND kind = %(kind)s AND shape = %(shape)s
    ORDER BY version DESC LIMIT 1
"""
# … and the events from there to the position.
EVENTS_UNTIL = """
    SELECT 1, stream, version, position, topic, state FROM journal.events
    WHERE stream = %(stream)s AND version > %(version)s AND position <= %(until)s ORDER BY version
"""


def recorded(row: Sequence[Any], mapper: CanonicalMapper) -> Recorded:
    """The event of a row of COLUMNS.   Raises UpgradeNeeded."""
    position, stream, version, topic, recorded_at, actor, account_id, correlation, causation, command_id, state = row
    return Recorded(
        position=position,
        stream=stream,
        version=version,
        topic=topic,
        recorded_at=recorded_at,
        actor=actor,
        account_id=account_id,
        correlation=correlation,
        causation=causation,
        command_id=command_id,
        fact=mapper.read(stream, version, topic, bytes(state)),
    )


async def rows_until(connection: Any, kind: type[Root], stream: UUID, until: int) -> list[Row]:
    """What rebuilds the stream as of log position *until*: a snapshot, if there is one, and the events after it."""
    values = {"stream": stream, "until": until, "kind": kind.TOPIC, "shape": shape_of(kind), "version": 0}
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(SNAPSHOT_UNTIL, values)
        rows = [Row(SNAPSHOT, *row[1:]) for row in await cursor.fetchall()]
        values["version"] = rows[0].version if rows else 0
        await cursor.execute(EVENTS_UNTIL, values)
        return rows + await whole_rows(connection, [Row(EVENT, *row[1:]) for row in await cursor.fetchall()])


async def value(connection: Any, query: str, values: dict[str, Any]) -> Any:
    """The first column of the first row; None without a row."""
    row = await (await connection.execute(query, values)).fetchone()
    return row[0] if row else None


async def rows(connection: Any, query: str, values: dict[str, Any]) -> list[Any]:
    """Rows of COLUMNS, not decoded."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(query, values)
        return list(await whole(connection, await cursor.fetchall(), _PLACES))


async def events(connection: Any, query: str, values: dict[str, Any], mapper: CanonicalMapper) -> list[Recorded]:
    return [recorded(row, mapper) for row in await rows(connection, query, values)]
