"""The whole way with the real writer: commands at once, the projector following, rows as the streams say, verify content."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.accounts.account import Account
from domain.accounts.commands import ChangeProfile, RegisterAccount
from domain.assets.asset import Asset
from domain.credits.commands import GrantCredits, RefundCharge
from domain.credits.credit_account import CreditAccount
from domain.generations.commands import (
    CancelGeneration,
    DeleteGeneration,
    FailGeneration,
    RetryGeneration,
    StartGeneration,
    SucceedGeneration,
)
from domain.generations.generation import Generation
from domain.kernel.ids import credit_stream
from domain.kernel.refusals import Refusal
from projections.accounts.accounts import account_of
from projections.accounts.accounts import row_of as account_row_of
from projections.assets.assets import asset_of
from projections.assets.assets import row_of as asset_row_of
from projections.audit.verify import verify
from projections.credits.balances import balance_of, latest_balance_of
from projections.generations.generations import page_of_generations
from projections.projector import projector
from tests.support.book import asset_of as new_asset
from tests.support.book import request_of
from tests.support.generation_rows import row_of as generation_row_of
from tests.support.journal import JournalWorld, context, journal_world, new_id


async def one_client(world: JournalWorld, seed: int) -> Any:
    """An account that does everything once in a while. Returns its id."""
    dice = random.Random(seed)
    account_id = new_id()
    registered = {"sealed_profile": "s1.p", "email_index": account_id.hex, "sealed_password_hash": "s1.h", "roles": ["user"]}
    send = world.journal.execute
    await send(RegisterAccount(account_id=account_id, welcome_grant_id=new_id(), welcome_credits=25, **registered), context())
    grant = {"source": "operator", "amount": 200, "priority": 0, "reason": "test"}
    await send(GrantCredits(account_id=account_id, grant_id=new_id(), expires_at=datetime.now(UTC) + timedelta(days=9), **grant), context())
    for _ in range(25):
        generation_id = new_id()
        request = request_of(generation_id, account_id, 5, now=datetime.now(UTC))
        once = context(fingerprint=b"f", status=202)
        await asyncio.gather(send(request, once), send(request, once))
        try:
            await _work(world, dice, account_id, generation_id)
        except Refusal:
            continue
    await send(ChangeProfile(account_id=account_id, sealed_profile="s1.q"), context())
    return account_id


async def _work(world: JournalWorld, dice: random.Random, account_id: Any, generation_id: Any) -> None:
    send = world.journal.execute
    key = {"generation_id": generation_id, "account_id": account_id}
    if dice.random() < 0.2:
        await send(CancelGeneration(**key, actor="owner"), context())
        return
    started = await send(StartGeneration(generation_id=generation_id, worker="w"), context())
    attempt = started.result["attempt"]
    if dice.random() < 0.2:
        await send(RetryGeneration(**key, attempt=attempt, code="overloaded", run_at=None), context())
        return
    if dice.random() < 0.2:
        await send(FailGeneration(**key, attempt=attempt, code="timeout", message="Too slow.", retryable=True), context())
        return
    assets = [new_asset(new_id())]
    done = SucceedGeneration(**key, attempt=attempt, worker="w", assets=assets, price=dice.randrange(6), usage={"item": 1})
    await send(done, context())
    if dice.random() < 0.3:
        refund = RefundCharge(account_id=account_id, generation_id=generation_id, refund_id=new_id(), amount=None, reason="sorry")
        await send(refund, context())
    if dice.random() < 0.3:
        await send(DeleteGeneration(**key, asset_ids=[assets[0].asset_id]), context())


async def test_commands_at_once_are_projected_as_their_streams_say_and_verified(fresh_database_url: str):
    follower = projector(fresh_database_url)
    stop = asyncio.Event()
    runner = asyncio.create_task(follower.run(stop))
    async with journal_world(fresh_database_url) as world:
        accounts = await asyncio.gather(*(one_client(world, seed) for seed in range(6)))
        async with world.pool.connection() as conn:
            latest = {account_id: await latest_balance_of(conn, account_id) for account_id in accounts}
            stop.set()
            await runner
            await follower.catch_up()
            for account_id in accounts:
                await _check_account(world, conn, account_id)
                assert await balance_of(conn, account_id) == latest[account_id]
        head = await world.journal.head()
    report = await verify(fresh_database_url)
    assert report.first_difference is None
    assert report.events == head > 500
    assert set(report.models.values()) == {head}


async def _check_account(world: JournalWorld, conn: Any, account_id: Any) -> None:
    account = await world.journal.load(Account, account_id)
    credits = await world.journal.load(CreditAccount, credit_stream(account_id))
    row, balance = await account_of(conn, account_id), await balance_of(conn, account_id)
    assert account and credits and row and balance
    row.created_position = 0
    assert row == account_row_of(account)
    assert balance.available == sum(grant["free"] for grant in credits.grants.values())
    assert balance.held == sum(grant["held"] for grant in credits.grants.values())
    generations = await page_of_generations(conn, account_id=account_id, limit=100)
    assert generations
    for generation_row in generations:
        generation = await world.journal.load(Generation, generation_row.id)
        assert generation
        generation_row.created_position = 0
        assert generation_row == generation_row_of(generation)
        for asset_id in generation_row.asset_ids:
            asset = await world.journal.load(Asset, asset_id)
            asset_row = await asset_of(conn, account_id, asset_id)
            assert asset and asset_row
            asset_row.created_position = 0
            assert asset_row == asset_row_of(asset)
