"""What `execute` promises to one caller."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.kernel.commands import Receipt
from domain.kernel.journal_refusals import ClockSkew, IdempotencyKeyReused, JournalBusy
from tests.journal.counters import COUNTERS, Bump, Counter, CounterClosed, CounterMissing, NameTaken, Open
from tests.support.journal import JournalWorld, context, journal_world


async def test_a_command_is_in_the_log_when_its_receipt_comes(counters: JournalWorld) -> None:
    counter, account = uuid4(), uuid4()
    receipt = await counters.journal.execute(Open(counter_id=counter, account_id=account), context(status=201))
    assert receipt == Receipt(position=1, result={"counter": str(counter)}, status=201)
    (event,) = await counters.journal.read(0, 10)
    assert (event.position, event.stream, event.version, event.topic) == (1, counter, 1, "tests.counter_opened")
    assert (event.account_id, event.actor, event.correlation) == (account, "test", "test")
    assert await counters.journal.head() == 1
    assert await counters.journal.last_position(account) == 1
    assert await counters.journal.last_position(uuid4()) == 0


async def test_a_refusal_leaves_no_trace(counters: JournalWorld) -> None:
    with pytest.raises(CounterMissing):
        await counters.journal.execute(Bump(counter_id=uuid4()), context())
    assert await counters.journal.head() == 0


async def test_a_repeat_gets_the_first_answer_and_does_nothing(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    again = context(fingerprint=b"f" * 32, status=202)
    first = await counters.journal.execute(Bump(counter_id=counter, by=3), again)
    second = await counters.journal.execute(Bump(counter_id=counter, by=3), again)
    assert (first.repeated, second.repeated) == (False, True)
    assert (second.position, second.result, second.status) == (first.position, first.result, 202)
    assert await counters.journal.head() == 2
    stored = await counters.journal.receipt(again.command_id)
    assert stored is not None
    assert (stored.position, stored.fingerprint) == (2, b"f" * 32)
    assert await counters.journal.receipt(uuid4()) is None


async def test_a_repeat_is_answered_even_when_it_would_be_refused_now(counters: JournalWorld) -> None:
    counter, once = uuid4(), context()
    await counters.journal.execute(Open(counter_id=counter), context())
    await counters.journal.execute(Bump(counter_id=counter, by=5, limit=5), once)
    assert (await counters.journal.execute(Bump(counter_id=counter, by=5, limit=5), once)).repeated


async def test_a_command_id_with_another_fingerprint_is_refused(counters: JournalWorld) -> None:
    counter, once = uuid4(), uuid4()
    await counters.journal.execute(Open(counter_id=counter), context(once, fingerprint=b"a" * 32))
    with pytest.raises(IdempotencyKeyReused):
        await counters.journal.execute(Open(counter_id=uuid4()), context(once, fingerprint=b"b" * 32))


async def test_twins_in_flight_act_once_and_get_one_answer(counters: JournalWorld) -> None:
    counter, once = uuid4(), context(fingerprint=b"a" * 32)
    receipts = await asyncio.gather(*[counters.journal.execute(Open(counter_id=counter), once) for _ in range(100)])
    assert {(receipt.position, str(receipt.result)) for receipt in receipts} == {(1, str({"counter": str(counter)}))}
    assert sum(not receipt.repeated for receipt in receipts) == 1


async def test_a_twin_in_flight_with_another_fingerprint_is_refused(counters: JournalWorld) -> None:
    once = uuid4()
    one, other = await asyncio.gather(
        counters.journal.execute(Open(counter_id=uuid4()), context(once, fingerprint=b"a" * 32)),
        counters.journal.execute(Open(counter_id=uuid4()), context(once, fingerprint=b"b" * 32)),
        return_exceptions=True,
    )
    assert isinstance(one, Receipt)
    assert isinstance(other, IdempotencyKeyReused)


async def test_a_caller_that_leaves_does_not_cancel_his_command(counters: JournalWorld) -> None:
    counter = uuid4()
    caller = asyncio.create_task(counters.journal.execute(Open(counter_id=counter), context()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    async with asyncio.timeout(5):
        while await counters.journal.head() == 0:
            await asyncio.sleep(0.01)
    assert await counters.journal.load(Counter, counter) is not None


async def test_a_command_without_facts_gets_the_position_it_speaks_of(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    receipt = await counters.journal.execute(Bump(counter_id=counter, by=0), context())
    assert (receipt.position, receipt.result) == (1, {"total": 0})
    assert await counters.journal.head() == 1


async def test_a_claim_belongs_to_one_stream_until_it_is_freed(counters: JournalWorld) -> None:
    one, other = uuid4(), uuid4()
    for counter in (one, other):
        await counters.journal.execute(Open(counter_id=counter), context())
    await counters.journal.execute(Bump(counter_id=one, take=("name:a",)), context())
    with pytest.raises(NameTaken):
        await counters.journal.execute(Bump(counter_id=other, take=("name:a",)), context())
    assert await counters.journal.claimed("name:a") == one
    await counters.journal.execute(Bump(counter_id=one, free=("name:a",)), context())
    assert await counters.journal.claimed("name:a") is None
    await counters.journal.execute(Bump(counter_id=other, take=("name:a",)), context())
    assert await counters.journal.claimed("name:a") == other


async def test_the_queue_is_bounded(fresh_database_url: str) -> None:
    async with journal_world(fresh_database_url, COUNTERS, queue_max=10) as world:
        answers = await asyncio.gather(
            *[world.journal.execute(Open(counter_id=uuid4()), context()) for _ in range(30)], return_exceptions=True
        )
        busy = [answer for answer in answers if isinstance(answer, JournalBusy)]
        assert len(busy) == 20
        assert busy[0].retry_after == 1
        assert await world.journal.head() == 10


async def test_nothing_is_decided_while_the_clocks_disagree(counters: JournalWorld) -> None:
    counters.clock.shift = timedelta(seconds=-6)
    with pytest.raises(ClockSkew):
        await counters.journal.execute(Open(counter_id=uuid4()), context())
    assert counters.journal.skew_seconds > 5
    counters.clock.shift = timedelta()
    assert (await counters.journal.execute(Open(counter_id=uuid4()), context())).position == 1


async def test_a_change_that_is_not_saved_is_a_defect_and_not_recorded(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    with pytest.raises(RuntimeError, match="does not save"):
        await counters.journal.execute(Bump(counter_id=counter, then="forget"), context())
    assert (await counters.journal.execute(Bump(counter_id=counter), context())).result == {"total": 1}


async def test_a_refusal_after_a_change_undoes_the_change(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    bumps = [Bump(counter_id=counter, then="stumble" if n == 3 else "") for n in range(8)]
    answers = await asyncio.gather(*[counters.journal.execute(bump, context()) for bump in bumps], return_exceptions=True)
    assert isinstance(answers[3], CounterClosed)
    totals = [answer.result["total"] for answer in answers if isinstance(answer, Receipt)]
    assert totals == [1, 2, 3, 4, 5, 6, 7]
