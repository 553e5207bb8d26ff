"""Redis forgets everything, and goes on."""

import asyncio
from random import Random

import redis

from tests.faults.fault import Fault, Form, Report
from tests.faults.load import under_load
from tests.faults.stack import Stack


def flush(running: Stack) -> None:
    with redis.Redis.from_url(running.redis_url) as client:
        client.flushall()


async def run(running: Stack, chance: Random, form: Form) -> Report:
    async def forget() -> None:
        await asyncio.to_thread(flush, running)

    return await under_load(running, "redis-flushed", forget, after=chance.uniform(0.7, 1.3))


REDIS_FLUSHED = Fault(
    key="redis-flushed",
    breaks="FLUSHALL: every bell, window, tick and ticket is gone; the heal time counts from then.",
    heals_within=15,
    short=True,
    run=run,
)
