"""The connection dies at COMMIT: the batch is sent again, and every command has one effect and one answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from domain.kernel.commands import Receipt
from domain.kernel.journal_refusals import OutcomeUnknown
from infra.journal import contested, flight, receipts
from tests.journal.counters import COUNTERS, Bump, Counter, Open
from tests.journal.proxy import APPENDED, COMMITTED, Proxy, proxied
from tests.support.journal import JournalWorld, context, journal_world


@pytest_asyncio.fixture
async def torn(fresh_database_url: str, folder: Path) -> AsyncIterator[tuple[Proxy, JournalWorld]]:
    async with proxied(fresh_database_url, folder) as (proxy, dsn), journal_world(dsn, COUNTERS) as world:
        yield proxy, world


@pytest_asyncio.fixture
async def locked(torn: tuple[Proxy, JournalWorld], monkeypatch: pytest.MonkeyPatch) -> tuple[Proxy, JournalWorld, UUID]:
    """And a counter at 2, on which everything is decided under the lock, by way of the proxy."""
    proxy, world = torn
    counter = uuid4()
    await world.journal.execute(Open(counter_id=counter), context())
    monkeypatch.setattr(contested, "REFUSED_MAX", 0)
    proxy.victim = "daybook journal side"
    await world.journal.execute(Bump(counter_id=counter, by=2), context())
    return proxy, world, counter


async def test_a_lost_answer_is_asked_for_by_sending_again(torn: tuple[Proxy, JournalWorld]) -> None:
    proxy, world = torn
    counter = uuid4()
    await world.journal.execute(Open(counter_id=counter), context())
    proxy.cut_after = APPENDED
    receipt = await world.journal.execute(Bump(counter_id=counter, by=4), context(status=202))
    assert proxy.cuts == 1
    assert receipt == Receipt(position=2, result={"total": 4}, status=202)
    assert (await world.journal.execute(Bump(counter_id=counter), context())).result == {"total": 5}


async def test_a_connection_that_breaks_while_receipts_are_read_is_no_refusal(
    torn: tuple[Proxy, JournalWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, world = torn
    counter = uuid4()
    await world.journal.execute(Open(counter_id=counter), context())
    known, broken = receipts.known, 0

    async def known_at_the_second_look(connection: Any, ids: Sequence[UUID]) -> dict[UUID, receipts.Known]:
        nonlocal broken
        broken += 1
        if broken == 1:
            raise psycopg.OperationalError("the connection is lost")
        return await known(connection, ids)

    monkeypatch.setattr(receipts, "known", known_at_the_second_look)
    proxy.cut_after = APPENDED
    receipt = await world.journal.execute(Bump(counter_id=counter, by=4), context(status=202))
    assert (proxy.cuts, broken) == (1, 2)
    assert (receipt.position, receipt.result, receipt.status) == (2, {"total": 4}, 202)
    assert (await world.journal.execute(Bump(counter_id=counter), context())).result == {"total": 5}


async def test_a_whole_batch_whose_answer_is_lost_has_one_effect_each(torn: tuple[Proxy, JournalWorld]) -> None:
    proxy, world = torn
    counters = [uuid4() for _ in range(5)]
    for counter in counters:
        await world.journal.execute(Open(counter_id=counter), context())
    proxy.cut_after = APPENDED
    commands = [Bump(counter_id=counters[n % 5], also=counters[(n + 1) % 5]) for n in range(50)]
    receipts = await asyncio.gather(*[world.journal.execute(command, context()) for command in commands])
    assert proxy.cuts == 1
    assert [receipt.position for receipt in receipts] == list(range(7, 107, 2))
    assert not any(receipt.repeated for receipt in receipts)
    totals = [found.total for counter in counters if (found := await world.journal.load(Counter, counter))]
    assert totals == [20] * 5


async def test_an_answer_lost_at_the_commit_of_a_locked_round_is_found_too(locked: tuple[Proxy, JournalWorld, UUID]) -> None:
    proxy, world, counter = locked
    proxy.cut_after = COMMITTED
    receipt = await world.journal.execute(Bump(counter_id=counter), context())
    assert proxy.cuts == 1
    assert receipt.result == {"total": 3}
    assert await world.journal.head() == 3


async def test_while_nobody_knows_what_of_a_locked_round_is_in_the_log_nothing_of_it_is_believed(
    locked: tuple[Proxy, JournalWorld, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, world, counter = locked
    known = receipts.known
    believed: list[Any] = []

    async def known_at_the_second_look(connection: Any, ids: Sequence[UUID]) -> dict[UUID, receipts.Known]:
        if not believed:
            believed.append(world.journal._preparer.cache.get(counter))
            raise psycopg.OperationalError("the connection is lost")
        return await known(connection, ids)

    monkeypatch.setattr(receipts, "known", known_at_the_second_look)
    proxy.cut_after = COMMITTED
    receipt = await world.journal.execute(Bump(counter_id=counter), context())
    assert (proxy.cuts, believed) == (1, [None])
    assert (receipt.position, receipt.result) == (3, {"total": 3})
    assert await world.journal.head() == 3


async def test_when_nobody_can_tell_the_caller_is_told_so_and_his_repeat_agrees_with_the_log(
    torn: tuple[Proxy, JournalWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, world = torn
    monkeypatch.setattr(flight, "OUTCOME_SECONDS", 0.5)
    counter, once = uuid4(), context(fingerprint=b"f" * 32)
    await world.journal.execute(Open(counter_id=counter), context())
    proxy.cut_after, proxy.stay_away_after_cut = APPENDED, True
    with pytest.raises(OutcomeUnknown) as unknown:
        await world.journal.execute(Bump(counter_id=counter), once)
    assert unknown.value.command_id == str(once.command_id)
    proxy.closed = False
    receipt = await world.journal.execute(Bump(counter_id=counter), once)
    assert (receipt.position, receipt.repeated) == (2, True)


async def test_a_database_that_is_away_for_a_moment_only_delays(torn: tuple[Proxy, JournalWorld]) -> None:
    proxy, world = torn
    counter = uuid4()
    await world.journal.execute(Open(counter_id=counter), context())
    proxy.closed = True
    proxy.cut_all()
    waiting = asyncio.create_task(world.journal.execute(Bump(counter_id=counter), context()))
    await asyncio.sleep(0.4)
    assert not waiting.done()
    proxy.closed = False
    assert (await waiting).result == {"total": 1}
