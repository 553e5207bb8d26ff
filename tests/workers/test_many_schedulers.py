"""Grants lapse by command, once, however many schedulers run in however many processes."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from domain.credits.commands import GrantCredits
from tests.support.fleet import Fleet, open_fleet
from tests.support.journal import new_id

EXPIRED = "SELECT convert_from(state, 'UTF8')::json ->> 'grant_id', outside FROM journal.events WHERE topic = 'credits.grant_expired'"


async def test_every_grant_lapses_once_among_many_schedulers(fleet: Fleet, fresh_database_url: str, redis_url: str, tmp_path: Path) -> None:
    amounts: dict[str, int] = {}
    accounts = [await fleet.account(credits=1) for _ in range(8)]
    soon = fleet.platform.clock.now() + timedelta(seconds=1)
    async with AsyncExitStack() as stack:
        # Each with a journal of its own, as a process has.
        fleets = [
            await stack.enter_async_context(open_fleet(fresh_database_url, redis_url, tmp_path / f"objects-{number}"))
            for number in range(3)
        ]
        for account_id in accounts:
            for amount in (3, 4):
                grant_id = new_id()
                amounts[str(grant_id)] = amount
                values = {"source": "operator", "amount": amount, "priority": 0, "expires_at": soon, "reason": "test"}
                await fleet.execute(GrantCredits(account_id=account_id, grant_id=grant_id, **values))
        for each in [*fleets, *fleets]:
            await stack.enter_async_context(each.scheduling())
        async with asyncio.timeout(60):
            while len(await fleet.world.rows(EXPIRED)) < len(amounts):
                await asyncio.sleep(0.1)
    # All schedulers have ended their turns: whoever came second has had his say.
    rows = await fleet.world.rows(EXPIRED)
    assert len(rows) == len(amounts)
    assert dict(rows) == amounts
