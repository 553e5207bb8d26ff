"""The schema `journal` in memory: events, command ids, unique claims, snapshots, and how they are read."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from infra.journal.snapshotter import STAY
from infra.journal.tails import CLOCK, EPOCH, EVENT, SNAPSHOT, USED


class Event(NamedTuple):
    """A row of journal.events."""

    position: int
    stream: UUID
    version: int
    topic: str
    recorded_at: datetime
    actor: str
    account_id: UUID | None
    correlation: str
    causation: int | None
    command_id: UUID
    first: bool
    fingerprint: bytes | None
    status: int | None
    result: str | None
    postings: tuple[int | None, int | None, int | None, int | None, str | None]
    state: bytes

    @property
    def row(self) -> tuple[Any, ...]:
        """As `infra.journal.reads.COLUMNS` has them."""
        return (*self[:10], self.state)


class Snapshot(NamedTuple):
    version: int
    position: int
    kind: str
    shape: int
    state: bytes


class Log:
    """`head` is the position of the last event."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.streams: dict[UUID, list[Event]] = {}
        #: Command id -> its first event.
        self.commands: dict[UUID, Event] = {}
        self.claims: dict[str, UUID] = {}
        self.snapshots: dict[UUID, dict[int, Snapshot]] = {}

    @property
    def head(self) -> int:
        return len(self.events)

    def version(self, stream: UUID) -> int | None:
        events = self.streams.get(stream)
        return events[-1].version if events else None

    def add(self, event: Event) -> None:
        self.events.append(event)
        self.streams.setdefault(event.stream, []).append(event)
        if event.first:
            self.commands[event.command_id] = event

    def tails(
        self,
        streams: Sequence[UUID],
        versions: Sequence[int],
        kinds: Sequence[str],
        shapes: Sequence[int],
        ids: Sequence[UUID],
        now: datetime,
    ) -> list[tuple[Any, ...]]:
        """As journal.tails_v1 answers: the clock, snapshots, events, used command ids."""
        rows: list[tuple[Any, ...]] = [(CLOCK, None, None, (now - EPOCH) // timedelta(microseconds=1), None, None)]
        events: list[tuple[Any, ...]] = []
        for stream, version, kind, shape in zip(streams, versions, kinds, shapes, strict=True):
            known = version or self._latest(stream, kind, shape)
            if known > version:
                found = self.snapshots[stream][known]
                rows.append((SNAPSHOT, stream, known, found.position, found.kind, found.state))
            events += [(EVENT, e.stream, e.version, e.position, e.topic, e.state) for e in self.after(stream, known)]
        used = [(USED, each, None, self.commands[each].position, None, None) for each in ids if each in self.commands]
        return rows + events + used

    def after(self, stream: UUID, version: int) -> list[Event]:
        events = self.streams.get(stream, [])
        if not events or events[-1].version <= version:
            return []
        return [event for event in events if event.version > version]

    def known(self, ids: Sequence[UUID]) -> list[tuple[Any, ...]]:
        """What earlier commands did: id, fingerprint, status, result, and the position of the command's last event."""
        rows = []
        for each in ids:
            first = self.commands.get(each)
            if first is not None:
                later = (event.position - 1 for event in self.events[first.position :] if event.first)
                rows.append((each, first.fingerprint, first.status, first.result, next(later, self.head)))
        return rows

    def page(self, after: int, limit: int) -> list[Event]:
        return self.events[after : after + limit]

    def page_of_features(self, after: int, limit: int, features: Sequence[str]) -> list[Event]:
        page = self.page(after, limit)
        return [event for event in page if event.topic.partition(".")[0] in features or event is page[-1]]

    def of_account(self, account_id: UUID) -> list[Event]:
        return [event for event in self.events if event.account_id == account_id]

    def snapshot_until(self, stream: UUID, until: int, kind: str, shape: int) -> list[tuple[Any, ...]]:
        fitting = [s for s in self.snapshots.get(stream, {}).values() if s.position <= until and (s.kind, s.shape) == (kind, shape)]
        best = max(fitting, key=lambda snapshot: snapshot.version, default=None)
        return [] if best is None else [(SNAPSHOT, stream, best.version, best.position, best.kind, best.state)]

    def events_until(self, stream: UUID, version: int, until: int) -> list[tuple[Any, ...]]:
        return [(EVENT, e.stream, e.version, e.position, e.topic, e.state) for e in self.after(stream, version) if e.position <= until]

    def keep_snapshot(self, stream: UUID, version: int, position: int, kind: str, shape: int, state: bytes) -> None:
        of_stream = self.snapshots.setdefault(stream, {})
        for old in sorted(of_stream)[:-STAY]:
            del of_stream[old]
        of_stream.setdefault(version, Snapshot(version, position, kind, shape, state))

    def expiring_grants(self, after: str, now: datetime, limit: int) -> list[tuple[Any, ...]]:
        """Accounts and canonical times of the grants that have expired, earliest first."""
        until = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        grants = [
            (event.account_id, msgspec.json.decode(event.state).get("expires_at"))
            for event in self.events
            if event.topic == "credits.granted"
        ]
        due = [(account, expiry) for account, expiry in grants if expiry is not None and after < expiry <= until]
        return sorted(due, key=lambda row: row[1])[:limit]

    def _latest(self, stream: UUID, kind: str, shape: int) -> int:
        return max((s.version for s in self.snapshots.get(stream, {}).values() if (s.kind, s.shape) == (kind, shape)), default=0)
