"""Thousands of jobs that a provider has, and one worker process that looks at them."""

import asyncio
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from tests.support.fleet import Fleet
from tests.support.killed_workers import start
from tests.support.parking_server import ParkingServer

PARKED = "SELECT count(*) FROM dispatch.work WHERE state = 'parked'"


class Holding(NamedTuple):
    """`looks`: how often the provider was asked in the time. `rss_mb` and `parked` are of its end."""

    parked: int
    looks: int
    rss_mb: int


async def hold(fleet: Fleet, database_url: str, redis_url: str, *, count: int, seconds: float) -> Holding:
    """Submit *count* jobs that do not end, wait until all are parked, and look on for *seconds*. Each is looked at every 20 s."""
    with ParkingServer() as server:
        server.status = {"status": "running", "progress": 0.5, "poll_seconds": 20}
        account = await fleet.account(credits=10 * count)
        await submit_all(fleet, account, count, "look_up")
        worker = start(database_url, redis_url, fleet.folder, server.url, slots=64)
        try:
            async with asyncio.timeout(300):
                while await parked(fleet) < count:
                    await asyncio.sleep(0.5)
            polls = server.polls
            await asyncio.sleep(seconds)
            return Holding(await parked(fleet), server.polls - polls, rss_mb(worker.pid))
        finally:
            worker.terminate()
            worker.join()


async def submit_all(fleet: Fleet, account: UUID, count: int, model_id: str, at_once: int = 200) -> None:
    for _ in range(0, count, at_once):
        await asyncio.gather(*[fleet.submit(account, model_id) for _ in range(at_once)])


async def parked(fleet: Fleet) -> int:
    return int((await fleet.world.rows(PARKED))[0][0])


def rss_mb(pid: int | None) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024
