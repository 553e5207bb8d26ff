"""Archiving: what is signed and old goes into a segment; once that can be read again, its words leave the log's table.

A step that was interrupted anywhere is simply done again: a file has the name of what is in it, its row comes when it could be read
back, and a row of the log gives up its words only to a segment that has just these.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from domain.ports import ObjectStore
from infra.archive import segments
from infra.archive.segment import LEVEL, SegmentDamaged, checked, opening_of, pack, unpack
from infra.archive.segments import SegmentRow
from infra.archive.shelf import bytes_of
from infra.archive.standing import keep_standing
from projections.archive.thin import thinned
from projections.log.lines import Event, state_bytes
from projections.log.rows import page_of_rows
from projections.notary import checkpoints
from projections.notary.checkpoint import PublicKey, verified
from projections.notary.keys import public_keys
from projections.notary.nodes import hashes_of
from projections.notary.tree import inclusion

CONTENT_TYPE = "application/gzip"
#: A segment's rows are changed in so many transactions, each taking rows from all over it: what one leaves behind in a page of the
#: table or of an index makes room for what the next one brings, so that neither of them grows.
ROUNDS = 16

# One archiver at a time, however many machines there are.
LOCK = "SELECT pg_try_advisory_lock(7226434610427257631)"
UNLOCK = "SELECT pg_advisory_unlock(7226434610427257631)"
# How far everybody has come who reads the log in order, and how far it is signed.
SEEN = """
    SELECT least((SELECT coalesce(min(position), 0) FROM read.models), (SELECT coalesce(min(position), 0) FROM webhooks.follower),
                 (SELECT coalesce(max(size), 0) FROM proofs.checkpoints))
"""
# What was recorded more than so many seconds ago, by halving: recorded time never runs backwards.
IS_OLD = "SELECT recorded_at < clock_timestamp() - make_interval(secs => %(seconds)s) FROM journal.events WHERE position = %(position)s"
# The words go only where they are exactly those of the segment.
THIN = """
    UPDATE journal.events e SET state = w.thin, actor = '', correlation = ''
    FROM unnest(%(positions)s::bigint[], %(actors)s::text[], %(correlations)s::text[], %(states)s::bytea[], %(thins)s::bytea[])
        AS w (position, actor, correlation, state, thin)
    WHERE e.position = w.position AND e.state = w.state AND e.actor = w.actor AND e.correlation = w.correlation
    RETURNING e.position
"""
# Those that an interrupted archiver had done.
DONE = """
    SELECT e.position FROM journal.events e JOIN unnest(%(positions)s::bigint[], %(thins)s::bytea[]) AS w (position, thin)
        ON e.position = w.position AND e.state = w.thin
"""


class LogDiffers(Exception):
    """The log is not what was signed, or not what its segment holds: nothing is archived."""


class AnotherArchives(Exception):
    """Another archiver is at work."""

    def __init__(self) -> None:
        super().__init__("another archiver is at work")


class Limits(NamedTuple):
    """What may go: up to position `to`, and only what is older than so many seconds."""

    to: int
    seconds: float


class Archiver:
    """`level`: a segment holds two to the power of it events."""

    def __init__(self, conn: AsyncConnection[Any], objects: ObjectStore, *, level: int = LEVEL) -> None:
        self._conn = conn
        self._objects = objects
        self._level = level

    async def lock(self) -> None:
        """For as long as the session lasts.   Raises AnotherArchives."""
        row = await (await self._conn.execute(LOCK)).fetchone()
        if not row or not row[0]:
            raise AnotherArchives

    async def unlock(self) -> None:
        await self._conn.execute(UNLOCK)

    async def plan(self, limits: Limits) -> Sequence[tuple[int, int]]:
        """First and last position of each segment that is to be written, the oldest first."""
        first = (await self._end()) + 1
        size = 1 << self._level
        if (first - 1) % size:
            # Segments of another size lie before; the next one begins where one of this size may.
            raise ValueError(f"a segment of {size} events cannot begin at position {first}")
        row = await (await self._conn.execute(SEEN)).fetchone()
        assert row is not None, "a query without FROM has a row"
        upto = min(row[0], limits.to)
        planned: list[tuple[int, int]] = []
        while first + size - 1 <= upto and await self._is_old(first + size - 1, limits.seconds):
            planned.append((first, first + size - 1))
            first += size
        return planned

    async def unfinished(self) -> Sequence[SegmentRow]:
        """Segments whose rows still have words."""
        return [row for row in await segments.all_of(self._conn) if not row.thinned]

    async def write(self, first: int, last: int) -> tuple[SegmentRow, Sequence[Event]]:
        """The segment of these positions, in the store and in the table, and its events.

        Raises LogDiffers, SegmentDamaged, NodesLost, StoreUnavailable.
        """
        events = await page_of_rows(self._conn, after=first - 1, upto=last, limit=last - first + 1)
        note, path = await self._signed(first)
        data = pack(opening_of(first, last, note, path), events)
        try:
            events, root = checked(unpack(data, first), await self._keys())
        except SegmentDamaged as error:
            raise LogDiffers(f"positions {first} to {last} are not what was signed: {error.why}") from error
        digest = hashlib.sha256(data)
        key = f"archive/{first:012}-{last:012}-{digest.hexdigest()[:16]}.ndjson.gz"
        row = SegmentRow(first=first, last=last, object_key=key, size=len(data), sha256=digest.digest(), root=root, thinned=False)
        await self._objects.put(key, data, CONTENT_TYPE)
        # Not what we sent but what the store gives back is what there will be: the very bytes that were checked.
        await bytes_of(self._objects, row)
        values = {name: getattr(row, name) for name in ("first", "last", "object_key", "size", "sha256", "root")}
        await self._conn.execute(segments.ADD, values)
        return row, events

    async def read(self, row: SegmentRow) -> list[Event]:
        """The events of a segment, checked as anyone can check the file alone.   Raises SegmentDamaged, StoreUnavailable."""
        events, root = checked(unpack(await bytes_of(self._objects, row), row.first), await self._keys())
        if root != row.root or events[-1].position != row.last:
            raise SegmentDamaged(row.first, f"the archive's file {row.object_key} is not the one of its row")
        return events

    async def thin(self, row: SegmentRow, events: Sequence[Event] | None = None) -> int:
        """Let the rows of a segment give up their words. How many did. *events* are read from the file when they are not given.

        Raises LogDiffers, SegmentDamaged, StoreUnavailable.
        """
        events = events or await self.read(row)
        # While the words are still here: deciding about money must not wait for the archive.
        await keep_standing(self._conn, events)
        changed = 0
        for begin in range(ROUNDS):
            changed += await self._thin(row.first, events[begin::ROUNDS])
        await self._conn.execute(segments.THINNED, {"first": row.first})
        return changed

    async def _thin(self, segment: int, events: Sequence[Event]) -> int:
        """One transaction of its own."""
        going = [(event, state, thin) for event in events if (thin := thinned(event.topic, state := state_bytes(event.state), segment))]
        values: dict[str, Any] = {
            "positions": [event.position for event, _, _ in going],
            "actors": [event.actor for event, _, _ in going],
            "correlations": [event.correlation for event, _, _ in going],
            "states": [state for _, state, _ in going],
            "thins": [thin for _, _, thin in going],
        }
        changed = {row[0] for row in await (await self._conn.execute(THIN, values)).fetchall()}
        left = [event.position for event, _, _ in going if event.position not in changed]
        if left:
            done = {row[0] for row in await (await self._conn.execute(DONE, values)).fetchall()}
            for position in left:
                if position not in done:
                    raise LogDiffers(f"position {position} is not what segment {segment} holds")
        return len(changed)

    async def _end(self) -> int:
        rows = await segments.all_of(self._conn)
        return rows[-1].last if rows else 0

    async def _is_old(self, position: int, seconds: float) -> bool:
        row = await (await self._conn.execute(IS_OLD, {"position": position, "seconds": seconds})).fetchone()
        return bool(row and row[0])

    async def _signed(self, first: int) -> tuple[str, list[bytes]]:
        """The last checkpoint, and the path from the segment's root to its.   Raises LogDiffers, NodesLost."""
        last = await checkpoints.latest(self._conn)
        if last is None:
            raise LogDiffers("nothing is signed yet")
        note = verified(last.note, await self._keys())
        return last.note, await hashes_of(self._conn, inclusion(first - 1, note.size)[self._level :])

    async def _keys(self) -> Sequence[PublicKey]:
        return await public_keys(self._conn)
