"""What takes minutes: thousands of parked jobs in one process, and a newcomer behind twenty thousand."""

import asyncio
from dataclasses import replace

import pytest

from domain.providers.catalogue import Catalogue
from tests.support.fleet import Fleet, model
from tests.support.parked_jobs import hold, submit_all

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

TOOK = """
    SELECT extract(epoch FROM s.recorded_at - r.recorded_at)::float8 FROM journal.events r
    JOIN journal.events s ON s.stream = r.stream AND s.topic = 'generations.started'
    WHERE r.topic = 'generations.requested' AND r.account_id = %s ORDER BY 1
"""


async def test_a_process_holds_two_thousand_parked_jobs_in_less_than_300_mb(fleet: Fleet, fresh_database_url: str, redis_url: str):
    seen = await hold(fleet, fresh_database_url, redis_url, count=2_000, seconds=60)
    print(f"RSS {seen.rss_mb} MB, {seen.looks / 60:.0f} looks a second")
    assert seen.looks > 2_000
    assert seen.parked == 2_000
    assert seen.rss_mb < 300


async def test_a_newcomer_begins_within_two_seconds_behind_twenty_thousand(fleet: Fleet):
    catalogue = Catalogue(price_version=1, models=[model("fifty", sleep_ms=50)], defaults={})
    fleet.platform = replace(fleet.platform, catalogue=catalogue)
    greedy, modest = await fleet.account(credits=100_000), await fleet.account(credits=1_000)
    await submit_all(fleet, greedy, 20_000, "fifty")
    async with fleet.working(slots=16), fleet.dispatching():
        for _ in range(50):
            await fleet.submit(modest, "fifty")
            await asyncio.sleep(0.1)
        async with asyncio.timeout(60):
            while len(took := [row[0] for row in await fleet.world.rows(TOOK, modest)]) < 50:
                await asyncio.sleep(0.2)
    print(f"submit to start: p50 {took[25]:.3f} s, p95 {took[47]:.3f} s")
    assert took[47] <= 2
