"""Rows of the log with the words that the archive has: the one seam between those who read the log and the segments.

A connection knows its archive, because whoever reads the log has a connection, and few have anything else.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from domain.archive.ports import Archive, Words
from domain.archive.refusals import ArchiveUnavailable
from projections.archive.thin import MARK, segment_of

_ATTRIBUTE = "daybook_archive"


class Places(NamedTuple):
    """At which places of a row its columns stand."""

    position: int
    state: int
    actor: int | None = None
    correlation: int | None = None


def attach(connection: Any, archive: Archive | None) -> None:
    """What is read through *connection* may lie in *archive*."""
    setattr(connection, _ATTRIBUTE, archive)


async def whole(connection: Any, rows: Sequence[Any], places: Places, *, as_bytes: bool = False) -> Sequence[Any]:
    """*rows* as they were recorded; those of archived events are lists then. *as_bytes*: columns are texts as bytes.

    Raises ArchiveUnavailable, StoreUnavailable.
    """
    state = places.state
    if not any(row[state].startswith(MARK) for row in rows):
        return rows
    known = await words_of(connection, [(int(row[places.position]), row[state]) for row in rows])
    return [_filled(row, places, known.get(int(row[places.position])), as_bytes) for row in rows]


async def words_of(connection: Any, rows: Sequence[tuple[int, bytes]]) -> Mapping[int, Words]:
    """Position -> words, for those of (position, state) that are archived.   Raises ArchiveUnavailable, StoreUnavailable."""
    wanted: dict[int, list[int]] = defaultdict(list)
    for position, state in rows:
        segment = segment_of(state)
        if segment is not None:
            wanted[segment].append(position)
    if not wanted:
        return {}
    archive: Archive | None = getattr(connection, _ATTRIBUTE, None)
    if archive is None:
        raise ArchiveUnavailable(first=min(wanted), why="this process was not told where the archive is", retry_after=60)
    found: dict[int, Words] = {}
    for segment, positions in sorted(wanted.items()):
        found |= await archive.words(connection, segment, positions)
    return found


def _filled(row: Any, places: Places, words: Words | None, as_bytes: bool) -> Any:
    if words is None:
        return row
    values = list(row)
    values[places.state] = words.state
    for place, text in ((places.actor, words.actor), (places.correlation, words.correlation)):
        if place is not None:
            values[place] = text.encode() if as_bytes else text
    return values
