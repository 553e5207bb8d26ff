"""How much memory one worker process takes while a provider has 2,000 of its jobs and it looks at each of them again and again."""

import asyncio

from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand
from tests.support.fleet import open_fleet
from tests.support.parked_jobs import hold

PARKED = 2_000
#: Each is looked at every 20 s.
SECONDS = 30


def measure(stand: Stand) -> Round:
    dsn = stand.database()
    try:
        return asyncio.run(held(stand, dsn))
    finally:
        stand.drop(dsn)


async def held(stand: Stand, dsn: str) -> Round:
    folder = stand.folder / "parked"
    async with open_fleet(dsn, stand.engines.redis_url, folder) as fleet:
        seen = await hold(fleet, dsn, stand.engines.redis_url, count=PARKED, seconds=SECONDS)
    if seen.parked != PARKED or seen.looks < PARKED:
        raise RuntimeError(f"{seen.parked} were parked after {SECONDS} s, and looked at {seen.looks} times")
    return {"parked": seen.parked, "memory": seen.rss_mb, "looks": seen.looks / SECONDS}


ROW = Row(
    key="parked",
    name="parked generations held by one worker process",
    beside="the worker, a provider of long jobs, PostgreSQL, Redis",
    measure=measure,
    floors=[Floor("parked", PARKED), Floor("memory", 300, least=False)],
    units={"parked": "generations", "memory": "MB"},
    rounds_most=1,
)
