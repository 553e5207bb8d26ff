"""Work rows change in the commit of the facts they follow from, and their turns are fair."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.kernel.commands import CancelWork, CloseWork, OpenWork, RequeueWork, Work
from infra.dispatch.claims import PostgresClaims
from tests.journal.counters import Bump, NameTaken, Open
from tests.support.journal import JournalWorld, context

LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
async def counter(counters: JournalWorld) -> UUID:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    return counter


def opening(account: UUID, generation: UUID | None = None, *, priority: int = 0, queue: str = "image", run_at: Any = None) -> OpenWork:
    return OpenWork(
        generation_id=generation or uuid4(),
        account_id=account,
        queue=queue,
        model="m",
        provider="p",
        priority=priority,
        run_at=run_at,
        start_deadline=None,
        deadline=LATER,
    )


async def append(world: JournalWorld, counter: UUID, *work: Work) -> None:
    await world.journal.execute(Bump(counter_id=counter, work=work), context())


async def lease(world: JournalWorld, generation: UUID) -> None:
    """Claim *generation*, which is the next of its queue."""
    [claimed] = await PostgresClaims(world.pool).claim(uuid4(), ["image"], 1)
    assert claimed.generation_id == generation


async def turns(world: JournalWorld, account: UUID) -> list[int]:
    rows = await world.rows("SELECT turn FROM dispatch.work WHERE account_id = %s ORDER BY created_at, turn", account)
    return [row[0] for row in rows]


async def state(world: JournalWorld, generation: UUID) -> tuple[Any, ...] | None:
    rows = await world.rows("SELECT state, lease_owner IS NULL, run_at FROM dispatch.work WHERE generation_id = %s", generation)
    return rows[0] if rows else None


async def test_each_account_takes_its_own_turns_from_one_on(counters: JournalWorld, counter: UUID) -> None:
    one, other = uuid4(), uuid4()
    await append(counters, counter, opening(one), opening(one), opening(other), opening(one))
    await append(counters, counter, opening(one), opening(other))
    assert await turns(counters, one) == [1, 2, 3, 4]
    assert await turns(counters, other) == [1, 2]


async def test_openings_of_one_account_in_one_batch_follow_each_other(counters: JournalWorld, counter: UUID) -> None:
    account = uuid4()
    await asyncio.gather(*[append(counters, counter, opening(account)) for _ in range(10)])
    assert sorted(await turns(counters, account)) == list(range(1, 11))


async def test_a_newcomer_starts_at_the_queues_clock(counters: JournalWorld, counter: UUID) -> None:
    veteran, newcomer, elsewhere = uuid4(), uuid4(), uuid4()
    await append(counters, counter, *[opening(veteran) for _ in range(50)])
    assert len(await PostgresClaims(counters.pool).claim(uuid4(), ["image"], 41)) == 41
    await append(counters, counter, opening(newcomer), opening(newcomer), opening(elsewhere, queue="video"))
    assert await turns(counters, newcomer) == [42, 43]
    assert await turns(counters, elsewhere) == [1]


async def test_priority_shifts_the_rank_and_not_the_turn(counters: JournalWorld, counter: UUID) -> None:
    account = uuid4()
    await append(counters, counter, *[opening(account, priority=priority) for priority in (-1, 0, 1)])
    rows = await counters.rows("SELECT priority, turn, rank FROM dispatch.work ORDER BY turn")
    assert rows == [(-1, 1, 51), (0, 2, 2), (1, 3, -47)]


async def test_a_scheduled_generation_waits_until_it_is_due(counters: JournalWorld, counter: UUID) -> None:
    scheduled, due = opening(uuid4(), run_at=LATER), opening(uuid4(), run_at=datetime.now(UTC) - timedelta(minutes=1))
    await append(counters, counter, scheduled, due)
    assert await state(counters, scheduled.generation_id) == ("waiting", True, LATER)
    found = await state(counters, due.generation_id)
    assert found is not None
    assert found[0] == "ready"


async def test_a_generation_given_back_is_ready_again_or_waits(counters: JournalWorld, counter: UUID) -> None:
    work = opening(uuid4())
    await append(counters, counter, work)
    await lease(counters, work.generation_id)
    await append(counters, counter, RequeueWork(generation_id=work.generation_id, run_at=LATER))
    assert await state(counters, work.generation_id) == ("waiting", True, LATER)
    await append(counters, counter, RequeueWork(generation_id=work.generation_id, run_at=None))
    assert await state(counters, work.generation_id) == ("ready", True, None)


async def test_cancelling_marks_and_closing_removes(counters: JournalWorld, counter: UUID) -> None:
    work = opening(uuid4())
    await append(counters, counter, work)
    await append(counters, counter, CancelWork(generation_id=work.generation_id))
    assert await counters.rows("SELECT cancel_requested FROM dispatch.work") == [(True,)]
    await append(counters, counter, CloseWork(generation_id=work.generation_id))
    assert await counters.rows("SELECT count(*) FROM dispatch.work") == [(0,)]


async def test_what_is_opened_and_closed_in_one_batch_is_closed(counters: JournalWorld, counter: UUID) -> None:
    work = opening(uuid4())
    await append(counters, counter, work, CloseWork(generation_id=work.generation_id))
    assert await state(counters, work.generation_id) is None


async def test_the_work_of_a_command_that_failed_is_not_there(counters: JournalWorld, counter: UUID) -> None:
    holder = uuid4()
    await counters.journal.execute(Open(counter_id=holder), context())
    await counters.journal.execute(Bump(counter_id=holder, take=("name:x",)), context())
    lost, kept = opening(uuid4()), opening(uuid4())
    answers = await asyncio.gather(
        counters.journal.execute(Bump(counter_id=counter, take=("name:x",), work=(lost,)), context()),
        counters.journal.execute(Bump(counter_id=holder, work=(kept,)), context()),
        return_exceptions=True,
    )
    assert isinstance(answers[0], NameTaken)
    assert await state(counters, lost.generation_id) is None
    assert await state(counters, kept.generation_id) is not None
