"""Where the words of archived events are."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Words(NamedTuple):
    """What the row of an archived event no longer has."""

    actor: str
    correlation: str
    state: bytes


class Archive(Protocol):
    """The segments: files that never change, each with all events of a range of positions."""

    async def words(self, connection: Any, segment: int, positions: Sequence[int]) -> Mapping[int, Words]:
        """Of *positions*, which the segment that begins at position *segment* holds.   Raises ArchiveUnavailable, StoreUnavailable."""
