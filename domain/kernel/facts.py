"""The base classes of all events and aggregates.

An event class carries a fixed TOPIC, so moving a module never breaks replay. An aggregate says with `@when(EventClass)`
how a fact changes it; such a mutator only assigns, because it runs again at every replay. Rules are checked before the
event is triggered.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple, TypeVar
from uuid import UUID

from eventsourcing.domain import AggregateCreated, AggregateEvent, BaseAggregate
from eventsourcing.utils import register_topic, resolve_topic


class Postings(NamedTuple):
    """What a ledger fact moves, in whole credits. The four amounts sum to zero; `book` names the outside book."""

    available: int
    held: int
    owed: int
    outside: int
    book: str


class Fact(AggregateEvent):
    """A finished fact about one stream. `timestamp` is its effective time; the log adds the recorded time."""

    TOPIC: ClassVar[str]

    def mutate(self, aggregate: Any) -> Any:
        """As the library's, which also finds out who does not fit, but three times as fast: every decision passes here."""
        if aggregate is None or self.originator_id.int != aggregate._id.int or self.originator_version != aggregate._version + 1:
            return super().mutate(aggregate)
        aggregate.MUTATORS[type(self)](aggregate, self)
        aggregate._version = self.originator_version
        aggregate._modified_on = self.timestamp
        return aggregate

    def apply(self, aggregate: Any) -> None:
        aggregate.MUTATORS[type(self)](aggregate, self)

    def postings(self) -> Postings | None:
        """The ledger movement of this fact, or None when it moves no credits."""
        return None


class FirstFact(Fact, AggregateCreated):
    """The fact that begins a stream. The aggregate's `__init__` takes no arguments; its mutator sets what the fact says."""

    def mutate(self, aggregate: Any) -> Any:
        if aggregate is not None:
            return super().mutate(aggregate)
        kind = resolve_topic(self.originator_topic)
        aggregate = kind.__new__(kind)
        aggregate.__base_init__(self.originator_id, self.originator_version, self.timestamp)
        aggregate.__init__()
        aggregate.MUTATORS[type(self)](aggregate, self)
        return aggregate


Mutator = TypeVar("Mutator", bound=Callable[..., None])


def when(fact: type[Fact]) -> Callable[[Mutator], Mutator]:
    """Mark a method as the mutator of *fact*."""

    def mark(mutator: Mutator) -> Mutator:
        mutator.when = fact  # type: ignore[attr-defined]
        return mutator

    return mark


class Root(BaseAggregate[UUID]):
    """An aggregate: state folded from its facts, and the methods that decide the next ones.

    State is held in plain values that JSON can carry (str, int, bool, None, UUID, datetime, list, dict with str keys),
    so that a snapshot is the attributes themselves.
    """

    TOPIC: ClassVar[str]
    # The library's properties, without a function in Python for each look.
    version = property(attrgetter("_version"), vars(BaseAggregate)["version"].fset)
    created_on = property(attrgetter("_created_on"))
    pending_events = property(attrgetter("_pending_events"))
    #: The log position of the stream's last fact, as the journal last saw it; 0 for a new stream.
    position = 0
    MUTATORS: ClassVar[dict[type[Fact], Callable[..., None]]] = {}
    #: Attributes that are dicts whose values are put there and taken away, but never changed: copies of the aggregate share these values.
    SHARED: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        cls.MUTATORS = {member.when: member for member in vars(cls).values() if hasattr(member, "when")}
        super().__init_subclass__(**kwargs)
        for fact in cls.MUTATORS:
            register_topic(fact.TOPIC, fact)

    @classmethod
    def _create(cls, event_class: Any, *, id: UUID | None = None, **values: Any) -> Any:
        """Begin a stream with its first fact. The id and the time come from the caller."""
        values.update(originator_topic=cls.TOPIC, originator_id=id, originator_version=1)
        first = _made(event_class, values)
        aggregate = first.mutate(None)
        aggregate.pending_events.append(first)
        return aggregate

    def record(self, fact: type[Fact], *, now: datetime, **values: Any) -> None:
        """Append *fact* to the pending facts and apply it. Call it only after every check has passed."""
        values.update(originator_id=self._id, originator_version=self._version + 1, timestamp=now)
        new = _made(fact, values)
        new.mutate(self)
        self._pending_events.append(new)


def _made(kind: Any, values: dict[str, Any]) -> Any:
    """`kind(**values)`, in half the time: a frozen dataclass sets its fields one by one. May keep *values*.   Raises TypeError."""
    names, defaults = _shape(kind)
    if len(values) != len(names):
        values = {**defaults, **values}
    if values.keys() != names:
        # The constructor says what is missing or too much.
        return kind(**values)
    fact = object.__new__(kind)
    object.__setattr__(fact, "__dict__", values)
    return fact


@cache
def _shape(kind: Any) -> tuple[frozenset[str], dict[str, Any]]:
    """All fields of a fact, and the defaults of those that have one."""
    all_fields = fields(kind)
    return frozenset(each.name for each in all_fields), {each.name: each.default for each in all_fields if each.default is not MISSING}
