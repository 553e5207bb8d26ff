"""What takes minutes: thousands of parked jobs in one process, and a newcomer behind twenty thousand."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from domain.providers.catalogue import Catalogue
from tests.support.fleet import Fleet, model
from tests.support.killed_workers import start
from tests.support.parking_server import ParkingServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

PARKED = "SELECT count(*) FROM dispatch.work WHERE state = 'parked'"
TOOK = """
    SELECT extract(epoch FROM s.recorded_at - r.recorded_at)::float8 FROM journal.events r
    JOIN journal.events s ON s.stream = r.stream AND s.topic = 'generations.started'
    WHERE r.topic = 'generations.requested' AND r.account_id = %s ORDER BY 1
"""


async def submit_all(fleet: Fleet, account: UUID, count: int, model_id: str, at_once: int = 200) -> None:
    for _ in range(0, count, at_once):
        await asyncio.gather(*[fleet.submit(account, model_id) for _ in range(at_once)])


async def test_a_process_holds_two_thousand_parked_jobs_in_less_than_300_mb(
    fleet: Fleet, fresh_database_url: str, redis_url: str, tmp_path: Path
):
    with ParkingServer() as server:
        server.status = {"status": "running", "progress": 0.5, "poll_seconds": 20}
        account = await fleet.account(credits=20_000)
        await submit_all(fleet, account, 2_000, "look_up")
        worker = start(fresh_database_url, redis_url, tmp_path / "objects", server.url, slots=64)
        try:
            while (await fleet.world.rows(PARKED))[0][0] < 2_000:
                await asyncio.sleep(0.5)
            polls, began = server.polls, time.monotonic()
            await asyncio.sleep(60)
            rss = rss_mb(worker.pid)
            print(f"RSS {rss} MB, {(server.polls - polls) / (time.monotonic() - began):.0f} looks a second")
            assert server.polls - polls > 2_000
            assert (await fleet.world.rows(PARKED))[0][0] == 2_000
        finally:
            worker.terminate()
            worker.join()
    assert rss < 300


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


def rss_mb(pid: int | None) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024
