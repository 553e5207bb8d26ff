"""A tiny aggregate for the journal's tests: it counts, and can be told to misbehave in every way the writer must survive."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.commands import Command, Decision, Handler, Need, Streams, Work
from domain.kernel.facts import Fact, FirstFact, Postings, Root, when
from domain.kernel.refusals import Conflicting, Missing


class CounterOpened(FirstFact):
    TOPIC = "tests.counter_opened"


class CounterBumped(Fact):
    TOPIC = "tests.counter_bumped"
    by: int
    note: str
    #: What the fact posts beyond zero: anything but 0 must be refused by the database.
    unbalanced: int = 0

    def postings(self) -> Postings:
        return Postings(self.by, -self.by + self.unbalanced, 0, 0, "")


class CounterClosed(Conflicting):
    detail = "The counter is closed."


class CounterMissing(Missing):
    detail = "There is no such counter."


class NameTaken(Conflicting):
    detail = "The name is taken."


class Counter(Root):
    TOPIC = "tests.counter"

    def __init__(self) -> None:
        self.total = 0
        self.notes: dict[str, list[int]] = {}
        self.last_at: datetime | None = None

    @when(CounterOpened)
    def _opened(self, fact: CounterOpened) -> None:
        self.last_at = fact.timestamp

    @when(CounterBumped)
    def _bumped(self, fact: CounterBumped) -> None:
        self.total += fact.by
        self.notes.setdefault(fact.note, []).append(fact.by)
        self.last_at = fact.timestamp


class Open(Command):
    counter_id: UUID
    account_id: UUID | None = None


class Bump(Command):
    """Adds `by`, at most up to `limit`. `then`: "refuse" before or "stumble" after the change, "forget" to save it.

    `beside`: topics of what others may do to the counter meanwhile.
    """

    counter_id: UUID
    by: int = 1
    note: str = "n"
    limit: int | None = None
    then: str = ""
    unbalanced: int = 0
    take: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    work: tuple[Work, ...] = ()
    also: UUID | None = None
    beside: str | None = None


def _open(command: Open, streams: Streams, now: datetime) -> Decision:
    counter = Counter._create(CounterOpened, id=command.counter_id, timestamp=now)
    return Decision(account_id=command.account_id, saved=[counter], result={"counter": str(command.counter_id)})


def _bump(command: Bump, streams: Streams, now: datetime) -> Decision:
    counters = [streams.get(Counter, each) for each in (command.counter_id, command.also) if each]
    if None in counters:
        raise CounterMissing()
    saved: list[Any] = counters
    if command.then == "refuse" or (command.limit is not None and saved[0].total + command.by > command.limit):
        raise CounterClosed()
    if command.by == 0:
        return Decision(account_id=None, saved=saved, result={"total": saved[0].total})
    for counter in saved:
        counter.record(CounterBumped, now=now, by=command.by, note=command.note, unbalanced=command.unbalanced)
    if command.then == "stumble":
        raise CounterClosed()
    return Decision(
        account_id=None,
        saved=saved[: -1 if command.then == "forget" else None],
        result={"total": saved[0].total},
        taken=[(claim, command.counter_id) for claim in command.take],
        freed=command.free,
        work=command.work,
        when_taken=NameTaken,
        beside={command.counter_id.int: command.beside} if command.beside else {},
    )


def _needs(command: Bump) -> Sequence[Need]:
    return [Need(Counter, each) for each in (command.counter_id, command.also) if each]


COUNTERS: dict[type[Command], Handler] = {
    Bump: Handler(_needs, _bump),
    Open: Handler(lambda command: [], _open),
}
