"""Many commands in one append: each answers for itself and for what was decided on it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.kernel.commands import Receipt
from infra.journal import prepare, writer
from tests.journal.counters import COUNTERS, Bump, Counter, CounterClosed, NameTaken, Open
from tests.support.journal import JournalWorld, context, execute_sql, journal_world


async def opened(world: JournalWorld, count: int) -> list[UUID]:
    ids = [uuid4() for _ in range(count)]
    await asyncio.gather(*[world.journal.execute(Open(counter_id=each), context()) for each in ids])
    return ids


async def together(world: JournalWorld, *bumps: Bump) -> list[Any]:
    """All at once: an idle writer takes them as one batch."""
    return await asyncio.gather(*[world.journal.execute(bump, context()) for bump in bumps], return_exceptions=True)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round takes all that waits, even when nothing is in flight."""
    monkeypatch.setattr(writer, "EARLY_BATCH", 256)


@pytest.mark.usefixtures("whole")
async def test_what_waits_together_is_one_append(counters: JournalWorld) -> None:
    ids = await opened(counters, 100)
    counters.batches.clear()
    receipts = await together(counters, *[Bump(counter_id=each) for each in ids])
    assert counters.batches == [100]
    assert [receipt.position for receipt in receipts] == list(range(101, 201))


async def test_while_nothing_is_in_flight_half_is_sent_ahead(counters: JournalWorld) -> None:
    ids = await opened(counters, 64)
    counters.batches.clear()
    receipts = await together(counters, *[Bump(counter_id=each) for each in ids])
    assert counters.batches == [32, 32]
    assert [receipt.position for receipt in receipts] == list(range(65, 129))


async def test_in_company_all_that_waits_is_one_append(counters: JournalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "COMPANY_SECONDS", 60.0)
    ids = await opened(counters, 96)
    async with journal_world(counters.dsn, COUNTERS) as other:
        await together(other, *[Bump(counter_id=each) for each in ids])
    # Here it is found out that somebody else writes the same.
    await together(counters, *[Bump(counter_id=each) for each in ids])
    counters.batches.clear()
    on_its_way, goes_on = asyncio.Event(), asyncio.Event()
    send = writer.send

    async def held_up(*arguments: Any) -> Any:
        on_its_way.set()
        await goes_on.wait()
        return await send(*arguments)

    monkeypatch.setattr(writer, "send", held_up)
    waves = [asyncio.create_task(together(counters, *[Bump(counter_id=each) for each in ids[:32]]))]
    await on_its_way.wait()
    for begin in (32, 64):
        # More than enough to be decided ahead.
        waves.append(asyncio.create_task(together(counters, *[Bump(counter_id=each) for each in ids[begin : begin + 32]])))
        await asyncio.sleep(0.02)
    goes_on.set()
    assert {receipt.result["total"] for wave in await asyncio.gather(*waves) for receipt in wave} == {3}
    assert counters.batches == [32, 64]


@pytest.mark.parametrize(("count", "batches"), [(16, [16, 17]), (15, [15, 1, 16])])
async def test_in_company_a_busy_writer_waits_for_more(counters: JournalWorld, monkeypatch, count: int, batches: list[int]) -> None:
    monkeypatch.setattr(prepare, "COMPANY_SECONDS", 60.0)
    monkeypatch.setattr(writer, "GATHER_SECONDS", 0.1)
    ids = await opened(counters, 32)
    async with journal_world(counters.dsn, COUNTERS) as other:
        await together(other, *[Bump(counter_id=each) for each in ids])
    await counters.journal.execute(Bump(counter_id=ids[0]), context())
    counters.batches.clear()
    await together(counters, *[Bump(counter_id=each) for each in ids[:count]])
    first = asyncio.create_task(together(counters, Bump(counter_id=ids[0])))
    await asyncio.sleep(0.03)
    await together(counters, *[Bump(counter_id=each) for each in ids[1:17]])
    assert isinstance((await first)[0], Receipt)
    assert counters.batches == batches


@pytest.mark.usefixtures("whole")
async def test_a_bad_command_in_a_batch_of_256_fails_alone(counters: JournalWorld) -> None:
    ids = await opened(counters, 256)
    bumps = [Bump(counter_id=each, unbalanced=int(n == 77)) for n, each in enumerate(ids)]
    answers = await together(counters, *bumps)
    assert counters.batches[1] == 256
    assert isinstance(answers[77], psycopg.errors.CheckViolation)
    assert sum(isinstance(answer, Receipt) for answer in answers) == 255
    positions = [event.position for event in await counters.journal.read(0, 1000)]
    assert positions == list(range(1, 256 + 255 + 1))


async def test_commands_of_one_batch_on_one_stream_see_each_other(counters: JournalWorld) -> None:
    (counter,) = await opened(counters, 1)
    answers = await together(counters, *[Bump(counter_id=counter, limit=3) for _ in range(5)])
    assert [answer.result["total"] for answer in answers[:3]] == [1, 2, 3]
    assert all(isinstance(answer, CounterClosed) for answer in answers[3:])
    versions = [event.version for event in await counters.journal.stream(counter)]
    assert versions == [1, 2, 3, 4]


async def test_a_command_decided_on_one_that_failed_is_decided_again(counters: JournalWorld) -> None:
    one, other = await opened(counters, 2)
    await counters.journal.execute(Bump(counter_id=other, take=("name:x",)), context())
    refused, after, aside = await together(
        counters, Bump(counter_id=one, by=10, take=("name:x",)), Bump(counter_id=one, by=1), Bump(counter_id=other, by=1)
    )
    assert isinstance(refused, NameTaken)
    assert after.result == {"total": 1}
    assert aside.result == {"total": 2}


async def test_a_refusal_decided_on_a_command_that_failed_is_decided_again(counters: JournalWorld) -> None:
    one, other = await opened(counters, 2)
    await counters.journal.execute(Bump(counter_id=other, take=("name:x",)), context())
    refused, after = await together(counters, Bump(counter_id=one, by=10, take=("name:x",)), Bump(counter_id=one, by=1, limit=5))
    assert isinstance(refused, NameTaken)
    assert after.result == {"total": 1}


async def test_two_commands_of_one_batch_cannot_take_the_same_claim(counters: JournalWorld) -> None:
    one, other = await opened(counters, 2)
    first, second = await together(counters, Bump(counter_id=one, take=("name:x",)), Bump(counter_id=other, take=("name:x",)))
    assert isinstance(first, Receipt)
    assert isinstance(second, NameTaken)


async def test_a_claim_freed_in_a_batch_can_be_taken_later_in_it(counters: JournalWorld) -> None:
    one, other = await opened(counters, 2)
    await counters.journal.execute(Bump(counter_id=one, take=("name:x",)), context())
    answers = await together(
        counters, Bump(counter_id=one, free=("name:x",)), Bump(counter_id=other, take=("name:x",)), Bump(counter_id=one, take=("name:x",))
    )
    assert [type(answer) for answer in answers] == [Receipt, Receipt, NameTaken]
    assert await counters.journal.claimed("name:x") == other


async def test_two_streams_of_one_command_change_together_or_not_at_all(counters: JournalWorld) -> None:
    one, other = await opened(counters, 2)
    answers = await together(
        counters, Bump(counter_id=one, also=other, unbalanced=1), Bump(counter_id=one, also=other), Bump(counter_id=other)
    )
    assert isinstance(answers[0], psycopg.errors.CheckViolation)
    totals = [found.total for each in (one, other) if (found := await counters.journal.load(Counter, each))]
    assert totals == [1, 2]


async def test_a_stream_cannot_begin_twice_even_in_one_batch(counters: JournalWorld) -> None:
    same = uuid4()
    answers = await asyncio.gather(*[counters.journal.execute(Open(counter_id=same), context()) for _ in range(2)], return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["Receipt", "StreamExists"]


async def test_another_processs_facts_are_seen_before_deciding(counters: JournalWorld) -> None:
    (counter,) = await opened(counters, 1)
    async with journal_world(counters.dsn, COUNTERS) as other:
        await other.journal.execute(Bump(counter_id=counter, by=5), context())
    answer = await counters.journal.execute(Bump(counter_id=counter, by=1), context())
    assert answer.result == {"total": 6}


async def test_a_cache_smaller_than_the_batch_changes_nothing(fresh_database_url: str) -> None:
    async with journal_world(fresh_database_url, COUNTERS, cache_size=3) as world:
        ids = await opened(world, 50)
        for _ in range(3):
            await together(world, *[Bump(counter_id=each) for each in ids])
        totals = {found.total for each in ids if (found := await world.journal.load(Counter, each))}
    assert totals == {3}


async def test_a_steady_stream_of_callers_loses_and_repeats_nothing(counters: JournalWorld) -> None:
    ids = await opened(counters, 8)

    async def client(number: int) -> None:
        for step in range(25):
            await counters.journal.execute(Bump(counter_id=ids[(number + step) % 8]), context())

    await asyncio.gather(*[client(number) for number in range(64)])
    totals = [found.total for each in ids if (found := await counters.journal.load(Counter, each))]
    assert totals == [200] * 8
    positions = [event.position for event in await counters.journal.read(0, 10_000)]
    assert positions == list(range(1, 8 + 64 * 25 + 1))


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_the_append_refuses_a_snapshot_older_than_its_lock(counters: JournalWorld, isolation: str) -> None:
    arguments = ", ".join(["'{}'"] * 37)
    with pytest.raises(psycopg.errors.InvalidTransactionState):
        execute_sql(counters.dsn, f"BEGIN ISOLATION LEVEL {isolation}; SELECT journal.append_v2({arguments})")
    assert await counters.journal.head() == 0


async def test_what_has_landed_is_not_shown_at_the_position_before(counters: JournalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    [counter] = await opened(counters, 1)
    finish, shown = writer.Writer._finish, []

    async def looked(self: writer.Writer, round_: Any, landed: Any) -> bool:
        # Its callers are not answered yet, and the next round may be on its way: others look at what it left.
        now = await counters.journal.load(Counter, counter)
        shown.append((counters.journal.seen(Counter, counter, at=1), now and (now.total, now.position)))
        return await finish(self, round_, landed)

    monkeypatch.setattr(writer.Writer, "_finish", looked)
    await counters.journal.execute(Bump(counter_id=counter), context())
    assert shown == [(None, (1, 2))]
