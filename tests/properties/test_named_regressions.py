"""What has gone wrong elsewhere and must not go wrong here, each through the public seams. Named after where it was reported."""

import asyncio
from uuid import UUID

import pytest

from domain.credits.commands import RefundCharge
from domain.generations.commands import CancelGeneration, FailGeneration, RequestGeneration, StartGeneration, SucceedGeneration
from domain.generations.generation import Generation
from domain.generations.refusals import GenerationFinal
from domain.kernel.commands import Command, Receipt
from domain.kernel.refusals import Refusal
from projections.credits.balance_rows import BalanceRow
from projections.credits.balances import latest_balance_of
from tests.support.book import asset_of, request_of
from tests.support.fleet import Fleet, open_fleet
from tests.support.journal import context, new_id


@pytest.fixture
async def fleet(fresh_database_url, redis_url, tmp_path):
    async with open_fleet(fresh_database_url, redis_url, tmp_path / "objects") as opened:
        yield opened


async def send(fleet: Fleet, command: Command, command_id: UUID | None = None) -> Receipt:
    return await fleet.world.journal.execute(command, context(command_id))


def asked(fleet: Fleet, account: UUID, quoted: int) -> RequestGeneration:
    return request_of(new_id(), account, quoted, now=fleet.platform.clock.now())


async def charged(fleet: Fleet, account: UUID, quoted: int) -> UUID:
    """A generation that succeeded and cost *quoted*."""
    request = asked(fleet, account, quoted)
    await send(fleet, request)
    started = await send(fleet, StartGeneration(generation_id=request.generation_id, worker="w"))
    await send(fleet, success(account, request.generation_id, started.result["attempt"], quoted))
    return request.generation_id


def success(account: UUID, generation: UUID, attempt: int, price: int) -> SucceedGeneration:
    assets = [asset_of(new_id())]
    return SucceedGeneration(
        generation_id=generation, account_id=account, attempt=attempt, worker="w", assets=assets, price=price, usage={"item": 1}
    )


def failure(account: UUID, generation: UUID) -> FailGeneration:
    return FailGeneration(generation_id=generation, account_id=account, attempt=None, code="provider_failed", message="x", retryable=True)


async def balance(fleet: Fleet, account: UUID) -> BalanceRow:
    async with fleet.world.pool.connection() as connection:
        found = await latest_balance_of(connection, account)
    assert found is not None
    return found


async def test_a_retry_after_a_refund_is_charged_again(fleet: Fleet) -> None:
    """webknossos#9331: the second run was free, because the job's charge had been refunded."""
    account = await fleet.account(credits=20)
    first = await charged(fleet, account, 5)
    await send(fleet, RefundCharge(account_id=account, generation_id=first, refund_id=new_id(), amount=None, reason="blurred"))
    await charged(fleet, account, 5)
    now = await balance(fleet, account)
    assert (now.available, now.held, now.spent, now.refunded) == (15, 0, 10, 5)


async def test_a_failed_run_is_not_charged(fleet: Fleet) -> None:
    """open-design#4798: credits were taken for runs that failed."""
    account = await fleet.account(credits=5)
    request = asked(fleet, account, 5)
    await send(fleet, request)
    await send(fleet, StartGeneration(generation_id=request.generation_id, worker="w"))
    await send(fleet, failure(account, request.generation_id))
    now = await balance(fleet, account)
    assert (now.available, now.held, now.spent) == (5, 0, 0)


async def test_a_duplicates_release_does_not_free_the_running_jobs_hold(fleet: Fleet) -> None:
    """XMem#212: a duplicate that was dropped released the reservation of the job that ran."""
    account = await fleet.account(credits=10)
    running, command_id = asked(fleet, account, 5), new_id()
    await send(fleet, running, command_id)
    assert (await send(fleet, running, command_id)).repeated
    other = asked(fleet, account, 5)
    await send(fleet, other)
    cancel = CancelGeneration(generation_id=other.generation_id, account_id=account, actor="owner")
    for _ in range(2):
        await send(fleet, cancel)
    now = await balance(fleet, account)
    assert (now.available, now.held) == (5, 5)
    ledger = await fleet.credits(account)
    assert list(ledger.holds) == [str(running.generation_id)]


async def test_of_ten_parallel_calls_that_the_balance_pays_once_one_is_accepted(fleet: Fleet) -> None:
    """Fluid#82: balance 3, ten calls of 3 at once, and several went through."""
    account = await fleet.account(credits=3)
    outcomes = await asyncio.gather(*(send(fleet, asked(fleet, account, 3)) for _ in range(10)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InsufficientCredits"] * 9 + ["Receipt"]
    now = await balance(fleet, account)
    assert (now.available, now.held) == (0, 3)


async def test_a_lost_acknowledgement_mints_no_second_refund(fleet: Fleet) -> None:
    """eliza#11539: the answer was lost, the refund was asked for again, and given twice."""
    account = await fleet.account(credits=5)
    generation = await charged(fleet, account, 5)
    refund, command_id = new_id(), new_id()
    command = RefundCharge(account_id=account, generation_id=generation, refund_id=refund, amount=None, reason="blurred")
    first = await send(fleet, command, command_id)
    again = await send(fleet, command, command_id)
    assert again.repeated
    assert again.result == first.result
    # Even a client that makes a new command of it gives the same refund once.
    await send(fleet, command)
    now = await balance(fleet, account)
    assert (now.available, now.refunded) == (5, 5)


async def test_a_charge_and_its_result_cannot_part(fleet: Fleet) -> None:
    """archimedes#1498: credits were taken and the job was never enqueued."""
    account = await fleet.account(credits=5)
    request = asked(fleet, account, 5)
    await send(fleet, request)
    rows = await fleet.world.rows("SELECT command_id, topic FROM journal.events WHERE position > 0 ORDER BY position DESC LIMIT 2")
    assert {topic for _, topic in rows} == {"credits.held", "generations.requested"}
    assert len({command for command, _ in rows}) == 1
    assert await fleet.work(request.generation_id) is not None
    # What is refused leaves neither a hold, nor a generation, nor work.
    refused = asked(fleet, account, 5)
    with pytest.raises(Refusal):
        await send(fleet, refused)
    assert await fleet.world.journal.load(Generation, refused.generation_id) is None
    assert await fleet.work(refused.generation_id) is None


async def test_a_late_result_of_a_canceled_generation_is_not_charged(fleet: Fleet) -> None:
    account = await fleet.account(credits=5)
    request = asked(fleet, account, 5)
    await send(fleet, request)
    await send(fleet, CancelGeneration(generation_id=request.generation_id, account_id=account, actor="owner"))
    with pytest.raises(GenerationFinal):
        await send(fleet, success(account, request.generation_id, 1, 5))
    now = await balance(fleet, account)
    assert (now.available, now.held, now.spent) == (5, 0, 0)
