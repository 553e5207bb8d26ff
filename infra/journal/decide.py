"""One round of deciding: commands in order, each on what the ones before it left. No I/O, so it may run again."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from domain.kernel.commands import Decision
from domain.kernel.facts import Fact, Root
from domain.kernel.journal_refusals import Overtaken
from infra.journal.append import Guard, Line
from infra.journal.cache import Cache
from infra.journal.mapper import CanonicalMapper
from infra.journal.pending import Decided, Pending, Round

Kind = TypeVar("Kind", bound=Root)


class Loaded:
    """The streams of a round, as handlers see them. `broken` could not be read, and why."""

    def __init__(self, cache: Cache, broken: Mapping[UUID, Exception]) -> None:
        self._cache = cache
        self._broken = broken

    def get(self, kind: type[Kind], stream: UUID) -> Kind | None:
        if self._broken and stream in self._broken:
            raise self._broken[stream]
        found = self._cache.peek(stream)
        # Clients may name any id: that of another kind of thing names nothing here.
        return found if isinstance(found, kind) else None


def decide(batch: Sequence[Pending], cache: Cache, mapper: CanonicalMapper, broken: Mapping[UUID, Exception]) -> Round:
    """Decide *batch* on the aggregates in *cache*, which are changed in place."""
    round_ = Round()
    streams = Loaded(cache, broken)
    # By the aggregate itself: hashing an id costs ten times as much, and a round asks for each of its streams many times.
    writers: dict[int, int] = {}
    sent = 0
    for number, pending in enumerate(batch):
        item, clean = _decide_one(pending, streams, cache, mapper, writers)
        round_.items.append(item)
        if item.sent:
            sent += 1
            for aggregate in item.decision.saved if item.decision else ():
                writers[id(aggregate)] = sent
                round_.touched[aggregate.id.int] = aggregate
        if not clean:
            # An aggregate carries facts that will not be recorded. Who comes after is decided on a fresh one.
            cache.drop([need.id for need in pending.needs])
            round_.torn = True
            round_.left = list(batch[number + 1 :])
            break
    return round_


def _decide_one(
    pending: Pending, streams: Loaded, cache: Cache, mapper: CanonicalMapper, writers: Mapping[int, int]
) -> tuple[Decided, bool]:
    """The decided command, and whether the aggregates are as the log will have them."""
    # As `Guard` has them: stream, version, and who wrote it last in this round.
    seen: list[tuple[UUID, int, int]] = []
    # What the command needs and the log has, with its version, by its identity.
    needed: dict[int, tuple[Root, int]] = {}
    for need in pending.needs:
        aggregate = cache.peek(need.id)
        if aggregate is None:
            seen.append((need.id, 0, 0))
        else:
            needed[id(aggregate)] = aggregate, aggregate.version
            seen.append((need.id, aggregate.version, writers.get(id(aggregate), 0)))
    new: list[Root] = []
    try:
        if pending.context.bound_to is not None:
            _check_bound(pending.context.bound_to, seen)
        decision = pending.handler.decide(pending.command, streams, pending.context.now)
        for aggregate in decision.saved:
            if id(aggregate) not in needed:
                new.append(aggregate)
                seen.append((aggregate.id, aggregate.version - len(aggregate.pending_events), 0))
        lines = _lines(decision, mapper)
        for aggregate, _ in needed.values():
            if aggregate.pending_events:
                raise RuntimeError(f"{type(pending.command).__name__} changed a stream that its decision does not save")
    except Exception as refusal:  # noqa: BLE001 A defect of one command is that command's answer; the writer serves everybody.
        clean = all(aggregate.version == version for aggregate, version in needed.values())
        return Decided(pending, None, refusal, [Guard(*each) for each in seen]), clean
    beside = decision.beside
    guards = [Guard(stream, version, prior, beside.get(stream.int)) for stream, version, prior in seen]
    for aggregate in new:
        cache.put_new(aggregate)
    return Decided(pending, decision, None, guards, lines), True


def _check_bound(bound_to: tuple[UUID, int], seen: Sequence[tuple[UUID, int, int]]) -> None:
    """Raises Overtaken when the stream that the command is bound to has moved on."""
    if any(stream == bound_to[0] and version != bound_to[1] for stream, version, _ in seen):
        raise Overtaken()


def _lines(decision: Decision, mapper: CanonicalMapper) -> list[Line]:
    lines = []
    for aggregate in decision.saved:
        pending = aggregate.pending_events
        for fact in pending:
            topic, state = mapper.write(fact)
            postings = fact.postings() if isinstance(fact, Fact) else None
            lines.append(Line(aggregate.id, fact.originator_version, topic, state, postings))
        pending.clear()
    return lines
