"""The port `Archive`, on segments in the object store."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from domain.archive.ports import Words
from domain.archive.refusals import ArchiveUnavailable
from domain.assets.storage import ObjectMissing
from domain.ports import ObjectStore
from infra.archive.segment import Packed, SegmentDamaged, unpack
from infra.archive.segments import SegmentRow, one_of
from projections.log.lines import state_bytes

#: Segments that are kept unpacked, a few megabytes each: who reads old events reads their neighbours next.
KEPT = 4


class Shelf:
    """One per process, shared by all of its connections."""

    def __init__(self, objects: ObjectStore, *, kept: int = KEPT) -> None:
        self._objects = objects
        self._kept = kept
        self._open: OrderedDict[int, Packed] = OrderedDict()
        # One at a time: those who wait want the same segment most of the time.
        self._opening = asyncio.Lock()

    async def words(self, connection: Any, segment: int, positions: Sequence[int]) -> Mapping[int, Words]:
        async with self._opening:
            packed = self._open.get(segment) or await self._opened(connection, segment)
            self._open[segment] = packed
            self._open.move_to_end(segment)
            if len(self._open) > self._kept:
                self._open.popitem(last=False)
        try:
            return {position: words_at(packed, position) for position in positions}
        except SegmentDamaged as error:
            raise _unavailable(segment, error) from error

    async def _opened(self, connection: Any, segment: int) -> Packed:
        row = await one_of(connection, segment)
        if row is None:
            raise ArchiveUnavailable(first=segment, why="the table of segments has no such row", retry_after=60)
        try:
            return await asyncio.to_thread(unpack, await bytes_of(self._objects, row), segment)
        except SegmentDamaged as error:
            raise _unavailable(segment, error) from error


async def bytes_of(objects: ObjectStore, row: SegmentRow) -> bytes:
    """The file of a segment, the very bytes that were written.   Raises SegmentDamaged, StoreUnavailable."""
    try:
        data = await objects.get(row.object_key)
    except ObjectMissing as error:
        raise SegmentDamaged(row.first, f"the archive's file {row.object_key} is missing") from error
    if hashlib.sha256(data).digest() != row.sha256:
        raise SegmentDamaged(row.first, f"the archive's file {row.object_key} is not what was written")
    return data


def words_at(packed: Packed, position: int) -> Words:
    """Raises SegmentDamaged."""
    event = packed.event(position)
    try:
        return Words(event.actor, event.correlation, state_bytes(event.state))
    except ValueError as error:
        raise SegmentDamaged(position, str(error)) from error


def _unavailable(segment: int, error: SegmentDamaged) -> ArchiveUnavailable:
    return ArchiveUnavailable(first=segment, why=str(error), retry_after=60)
