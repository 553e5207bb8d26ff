"""The tail: everybody in the process hears of every fact once, in order, soon."""

import asyncio
import time
from typing import Any
from unittest.mock import AsyncMock
from uuid import uuid4

import psycopg
import pytest

from domain.ports import Recorded
from infra.journal import subscribers
from infra.journal import tail as tail_module
from infra.journal.subscribers import FollowerTooSlow
from infra.journal.tail import open_tail
from tests.journal.counters import COUNTERS, Bump, CounterBumped, Open
from tests.support.journal import JournalWorld, context, execute_sql, journal_world
from tests.support.tails import reached


async def test_it_begins_at_the_logs_end_and_reaches_what_is_appended(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    async with open_tail(counters.dsn, counters.journal) as tail:
        assert tail.position == 1
        receipt = await counters.journal.execute(Bump(counter_id=counter), context())
        assert await reached(tail, receipt.position, 5)
        assert not await reached(tail, receipt.position + 1, 0.05)


async def test_it_is_woken_by_another_processs_append_and_not_only_by_its_poll(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    async with open_tail(counters.dsn, counters.journal) as tail, journal_world(counters.dsn, COUNTERS) as other:
        await asyncio.sleep(0.2)
        waits = []
        for _ in range(5):
            receipt = await other.journal.execute(Bump(counter_id=counter), context())
            began = time.monotonic()
            assert await reached(tail, receipt.position, 5)
            waits.append(time.monotonic() - began)
    assert sorted(waits)[2] < 0.8, waits


async def test_followers_get_their_account_their_stream_or_everything(counters: JournalWorld) -> None:
    account, one, other = uuid4(), uuid4(), uuid4()
    async with (
        open_tail(counters.dsn, counters.journal) as tail,
        tail.follow(account_id=account) as of_account,
        tail.follow(stream=other) as of_stream,
        tail.follow() as of_all,
    ):
        await counters.journal.execute(Open(counter_id=one, account_id=account), context())
        await counters.journal.execute(Open(counter_id=other), context())
        await counters.journal.execute(Bump(counter_id=other), context())
        async with asyncio.timeout(5):
            assert (await anext(of_account)).position == 1
            assert [(await anext(of_stream)).position for _ in range(2)] == [2, 3]
            assert [(await anext(of_all)).position for _ in range(3)] == [1, 2, 3]


async def test_a_follower_that_does_not_read_costs_only_itself(counters: JournalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "WAITING_MAX", 5)
    counter = uuid4()
    async with open_tail(counters.dsn, counters.journal) as tail, tail.follow() as slow:
        await counters.journal.execute(Open(counter_id=counter), context())
        receipts = await asyncio.gather(*[counters.journal.execute(Bump(counter_id=counter), context()) for _ in range(20)])
        assert await reached(tail, receipts[-1].position, 5)
        assert [(await anext(slow)).position for _ in range(5)] == [1, 2, 3, 4, 5]
        with pytest.raises(FollowerTooSlow):
            await anext(slow)


async def test_it_goes_on_after_its_connection_was_killed(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    async with open_tail(counters.dsn, counters.journal) as tail, tail.follow(stream=counter) as events:
        await asyncio.sleep(0.2)
        killed = execute_sql(
            counters.dsn,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'daybook tail' AND datname = current_database()",
        )
        assert killed == [(True,)]
        await counters.journal.execute(Bump(counter_id=counter), context())
        async with asyncio.timeout(5):
            assert (await anext(events)).version == 2


async def test_a_fact_of_a_later_release_is_waited_for_and_nothing_is_told_twice(
    counters: JournalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_module, "PAUSE_SECONDS", 0.05)
    await counters.journal.execute(Open(counter_id=(counter := uuid4())), context())
    for _ in range(2):
        await counters.journal.execute(Bump(counter_id=counter), context())
    execute_sql(counters.dsn, "UPDATE journal.events SET topic = 'tests.from_the_future' WHERE version = 2")
    monkeypatch.setattr(counters.journal, "head", AsyncMock(return_value=0))
    async with open_tail(counters.dsn, counters.journal) as tail, tail.follow() as events:
        # It looks several times at a page of which the first can be read and the second cannot.
        await asyncio.sleep(0.3)
        assert tail.position == 0
        # As if we had been upgraded.
        execute_sql(counters.dsn, "UPDATE journal.events SET topic = %s WHERE version = 2", CounterBumped.TOPIC)
        async with asyncio.timeout(5):
            assert [(await anext(events)).version for _ in range(3)] == [1, 2, 3]
        assert await reached(tail, 3, 5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(events)


async def test_it_goes_on_after_what_nobody_has_thought_of(counters: JournalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "PAUSE_SECONDS", 0.05)
    decoded = counters.journal.decoded
    broken: list[Any] = []

    def decoded_at_the_second_try(row: Any) -> Recorded:
        if not broken:
            broken.append(row)
            raise ValueError("that is no event")
        return decoded(row)

    monkeypatch.setattr(counters.journal, "decoded", decoded_at_the_second_try)
    async with open_tail(counters.dsn, counters.journal) as tail, tail.follow() as events:
        await counters.journal.execute(Open(counter_id=uuid4()), context())
        async with asyncio.timeout(5):
            assert (await anext(events)).position == 1
    assert len(broken) == 1


async def test_only_the_append_notifies_and_only_when_there_is_something(counters: JournalWorld) -> None:
    counter = uuid4()
    async with await psycopg.AsyncConnection.connect(counters.dsn, autocommit=True) as listener:
        await listener.execute("LISTEN journal")
        await counters.journal.execute(Open(counter_id=counter), context())
        await counters.journal.execute(Bump(counter_id=counter, by=0), context())
        heard = [notify.payload async for notify in listener.notifies(timeout=0.3)]
    assert heard == [""]
