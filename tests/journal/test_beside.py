"""Two processes whose facts may stand beside each other: nobody is decided again, and nobody goes on from what he only believes."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.journal.counters import COUNTERS, Bump, Counter, CounterBumped, CounterClosed, Open
from tests.support.journal import JournalWorld, context, journal_world

BESIDE = CounterBumped.TOPIC


@pytest_asyncio.fixture
async def other(counters: JournalWorld) -> AsyncIterator[JournalWorld]:
    """Another process on the same log."""
    async with journal_world(counters.dsn, COUNTERS) as world:
        yield world


@pytest_asyncio.fixture
async def counter(counters: JournalWorld) -> UUID:
    found = uuid4()
    await counters.journal.execute(Open(counter_id=found), context())
    await counters.journal.execute(Bump(counter_id=found, by=10), context())
    return found


async def overtaken(world: JournalWorld, other: JournalWorld, mine: Bump, theirs: Bump) -> None:
    """Append *mine* on what *world* knew before the other process appended *theirs*."""
    await other.journal.execute(theirs, context())
    # Alone, as far as it knows: so it decides without a look.
    assert world.journal._preparer._alone_until > 0
    world.journal._preparer._alone_until = float("inf")
    await world.journal.execute(mine, context())


async def test_both_are_in_the_log_one_after_the_other(counters: JournalWorld, other: JournalWorld, counter: UUID) -> None:
    await overtaken(counters, other, Bump(counter_id=counter, by=1, beside=BESIDE), Bump(counter_id=counter, by=2))
    events = await counters.journal.stream(counter)
    assert [getattr(event.fact, "by", None) for event in events] == [None, 10, 2, 1]
    assert [event.version for event in events] == [1, 2, 3, 4]


async def test_the_next_decision_knows_what_stands_beside(counters: JournalWorld, other: JournalWorld, counter: UUID) -> None:
    await overtaken(counters, other, Bump(counter_id=counter, by=1, beside=BESIDE), Bump(counter_id=counter, by=2))
    with pytest.raises(CounterClosed):
        await counters.journal.execute(Bump(counter_id=counter, by=1, limit=13), context())
    seen = await counters.journal.load(Counter, counter, fresh=False)
    assert (seen and seen.total, seen and seen.version) == (13, 4)


async def test_what_was_decided_meanwhile_on_what_moved_is_decided_again(
    counters: JournalWorld, other: JournalWorld, counter: UUID
) -> None:
    await other.journal.execute(Bump(counter_id=counter, by=100), context())
    counters.journal._preparer._alone_until = float("inf")
    first = [counters.journal.execute(Bump(counter_id=counter, by=1, beside=BESIDE), context()) for _ in range(40)]
    second = [counters.journal.execute(Bump(counter_id=counter, by=1, limit=149, beside=BESIDE), context()) for _ in range(40)]
    answers = await asyncio.gather(*first, *second, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, CounterClosed)]
    found = await counters.journal.load(Counter, counter)
    assert found is not None
    assert found.total == 110 + 80 - len(refused)
    assert [event.version for event in await counters.journal.stream(counter)] == list(range(1, found.version + 1))


async def test_whoever_takes_nothing_beside_is_decided_again(counters: JournalWorld, other: JournalWorld, counter: UUID) -> None:
    with pytest.raises(CounterClosed):
        await overtaken(counters, other, Bump(counter_id=counter, by=1, limit=12), Bump(counter_id=counter, by=2))


async def test_what_is_loaded_together_is_remembered_as_the_log_has_it(counters: JournalWorld, other: JournalWorld, counter: UUID) -> None:
    found = await other.journal.load_all(Counter, [counter, uuid4()])
    assert {stream: aggregate.total for stream, aggregate in found.items()} == {counter: 10}
    await counters.journal.execute(Bump(counter_id=counter, by=5), context())
    assert (await other.journal.load_all(Counter, [counter]))[counter].total == 10
    receipt = await other.journal.execute(Bump(counter_id=counter, by=1), context())
    assert receipt.result == {"total": 16}


async def test_loading_while_the_writer_looks_applies_nothing_twice(counters: JournalWorld, other: JournalWorld) -> None:
    ids = [uuid4() for _ in range(20)]
    await asyncio.gather(*[counters.journal.execute(Open(counter_id=each), context()) for each in ids])

    async def bumped(each: UUID) -> None:
        await other.journal.execute(Bump(counter_id=each, by=1), context())

    async def loaded() -> None:
        for _ in range(5):
            await other.journal.load_all(Counter, ids)

    await asyncio.gather(loaded(), *[bumped(each) for each in ids for _ in range(5)], loaded())
    assert [found.total for found in (await other.journal.load_all(Counter, ids)).values()] == [5] * 20
