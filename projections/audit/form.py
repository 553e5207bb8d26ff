"""The form of the log: positions without holes, time that never runs backwards, whole commands, canonical bytes."""

import re
from typing import Any

import msgspec

from projections.audit.entries import Entry, differs

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_TIME_CHARS = 27
_ENCODE = msgspec.json.Encoder(order="sorted").encode


class Form:
    """Follows the log entry by entry; holds the last one only."""

    def __init__(self) -> None:
        self.position = 0
        self.recorded_at = ""
        self.command_id: str | None = None

    def check(self, entry: Entry) -> dict[str, Any]:
        """Returns the fact's values.   Raises Differs."""
        if entry.position != self.position + 1:
            differs(entry, "a position is missing before it", expected=self.position + 1, found=entry.position)
        if len(entry.recorded_at) != _TIME_CHARS:
            differs(entry, "the time of recording is no time of our calendar", found=entry.recorded_at)
        if entry.recorded_at < self.recorded_at:
            differs(entry, "recorded before the entry before it", expected=f"from {self.recorded_at}", found=entry.recorded_at)
        if entry.causation is not None and not 0 < entry.causation < entry.position:
            differs(entry, "caused by something that is not before it", found=entry.causation)
        if entry.first != (entry.command_id != self.command_id):
            differs(entry, "the first event of a command must be marked, and only that", expected=not entry.first, found=entry.first)
        if entry.result is not None and not entry.first:
            differs(entry, "only a command's first event carries its result", found=entry.result)
        fact = entry.fact()
        if _ENCODE(fact) != entry.state:
            differs(entry, "the state is not in canonical form", expected=_ENCODE(fact), found=entry.state)
        timestamp = fact.get("timestamp")
        if not isinstance(timestamp, str) or not _TIME.fullmatch(timestamp):
            differs(entry, "the timestamp is not in canonical form", found=timestamp)
        named = fact.get("account_id")
        if named is not None and named != entry.account_id:
            differs(entry, "the account of the row is not that of the fact", expected=named, found=entry.account_id)
        self.position = entry.position
        self.recorded_at = entry.recorded_at
        self.command_id = entry.command_id
        return fact
