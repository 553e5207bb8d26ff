"""A process that is alone decides without a look at the log; whatever that could get wrong is found out by the append, or not answered."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from infra.journal import prepare
from tests.journal.counters import COUNTERS, Bump, Counter, CounterClosed, Open
from tests.support.journal import JournalWorld, context, journal_world


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches for which the log was looked at. A look is worth a minute, so that no test depends on its speed."""
    seen: list[int] = []
    read = prepare.read_tails

    async def counted(connection: Any, wanted: Any, ids: Any, **others: Any) -> Any:
        seen.append(len(ids))
        return await read(connection, wanted, ids, **others)

    monkeypatch.setattr(prepare, "read_tails", counted)
    monkeypatch.setattr(prepare, "ALONE_SECONDS", 60.0)
    monkeypatch.setattr(prepare, "COMPANY_SECONDS", 60.0)
    return seen


@pytest_asyncio.fixture
async def other(counters: JournalWorld) -> AsyncIterator[JournalWorld]:
    """Another process on the same log."""
    async with journal_world(counters.dsn, COUNTERS) as world:
        yield world


async def alone(world: JournalWorld, *, total: int = 0) -> UUID:
    """A counter that *world* knows, and is alone with."""
    counter = uuid4()
    await world.journal.execute(Open(counter_id=counter), context())
    await world.journal.execute(Bump(counter_id=counter, by=total), context())
    await world.journal.execute(Bump(counter_id=counter, by=0), context())
    return counter


async def total(world: JournalWorld, counter: UUID) -> int:
    found = await world.journal.load(Counter, counter)
    assert found is not None
    return found.total


async def test_alone_one_look_is_enough_for_many_rounds(counters: JournalWorld, looks: list[int]):
    counter = await alone(counters)
    looks.clear()
    for number in range(20):
        receipt = await counters.journal.execute(Bump(counter_id=counter), context())
        assert receipt.result == {"total": number + 1}
    assert looks == []


async def test_what_another_process_wrote_is_found_out_by_the_append(counters: JournalWorld, other: JournalWorld, looks: list[int]):
    counter = await alone(counters, total=1)
    await other.journal.execute(Bump(counter_id=counter, by=10), context())
    receipt = await counters.journal.execute(Bump(counter_id=counter, by=100), context())
    assert receipt.result == {"total": 111}
    # From now on there is company, so each round looks.
    looks.clear()
    await counters.journal.execute(Bump(counter_id=counter), context())
    await counters.journal.execute(Bump(counter_id=counter), context())
    assert len(looks) == 2
    assert await total(counters, counter) == 113


async def test_a_refusal_is_never_made_from_memory(counters: JournalWorld, other: JournalWorld):
    counter = await alone(counters, total=5)
    await other.journal.execute(Bump(counter_id=counter, by=-5), context())
    assert (await counters.journal.execute(Bump(counter_id=counter, by=3, limit=5), context())).result == {"total": 3}


async def test_what_changes_nothing_is_not_answered_from_memory_either(counters: JournalWorld, other: JournalWorld):
    counter = await alone(counters, total=5)
    await other.journal.execute(Bump(counter_id=counter, by=2), context())
    assert (await counters.journal.execute(Bump(counter_id=counter, by=0), context())).result == {"total": 7}


async def test_a_refusal_that_stands_is_given_after_a_look(counters: JournalWorld, looks: list[int]):
    counter = await alone(counters, total=5)
    looks.clear()
    for then in ("refuse", "stumble"):
        with pytest.raises(CounterClosed):
            await counters.journal.execute(Bump(counter_id=counter, then=then), context())
    assert len(looks) == 2
    assert await total(counters, counter) == 5


async def test_a_repeat_gets_its_first_answer_even_if_it_would_be_refused_now(counters: JournalWorld, other: JournalWorld):
    counter = await alone(counters, total=5)
    mine, theirs = context(status=202), context(status=202)
    first = await counters.journal.execute(Bump(counter_id=counter, by=1, limit=6), mine)
    await other.journal.execute(Bump(counter_id=counter, by=1), theirs)
    for again, limit in ((mine, 6), (theirs, None)):
        receipt = await counters.journal.execute(Bump(counter_id=counter, by=1, limit=limit), again)
        assert receipt.repeated
        assert receipt.status == 202
    assert (await counters.journal.execute(Bump(counter_id=counter, by=1, limit=6), mine)).result == first.result
    assert await total(counters, counter) == 7


async def test_what_is_not_known_is_looked_for(counters: JournalWorld, other: JournalWorld, looks: list[int]):
    await alone(counters)
    theirs = await alone(other, total=4)
    looks.clear()
    assert (await counters.journal.execute(Bump(counter_id=theirs), context())).result == {"total": 5}
    assert looks == [1]
