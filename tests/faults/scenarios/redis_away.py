"""Redis forgets, is away, does not answer, or is full: nothing but bells, windows and ticks is in it, so submits go on as before."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from random import Random

import redis

from tests.faults.bells import bells_ring
from tests.faults.client import Accepted, submit_timed
from tests.faults.fault import Fault, Form, Report
from tests.faults.hands import by_hand
from tests.faults.load import customer, healed, report
from tests.faults.stack import Stack

#: Submits a second: with 0.2 s each it leaves a quarter of the slots free.
RATE = 60
#: How often calm and fault take turns, and seconds of each. A process that finds Redis away looks again every 5 s, which costs a submit
#: or two 20 ms each time: among fewer than a thousand these would be the slowest hundredth.
TURNS = {Form.SHORT: (1, 1.0), Form.WHOLE: (1, 6.0), Form.LONG: (2, 20.0)}
WARM_SECONDS = {Form.SHORT: 0.5, Form.WHOLE: 2.0, Form.LONG: 2.0}
MOVES_MAX = 0.10

Breaks = Callable[[Stack, Random], AbstractAsyncContextManager[object]]


def client_of(running: Stack) -> redis.Redis:
    return redis.Redis.from_url(running.redis_url, decode_responses=True)


@asynccontextmanager
async def flushed(running: Stack, chance: Random) -> AsyncIterator[None]:
    """Again and again."""

    async def flush() -> None:
        while True:
            with client_of(running) as client:
                await asyncio.to_thread(client.flushall)
            await asyncio.sleep(chance.uniform(0.05, 0.5))

    flushing = asyncio.create_task(flush())
    await asyncio.sleep(0.05)
    try:
        yield
    finally:
        flushing.cancel()


@asynccontextmanager
async def emptied(running: Stack, chance: Random) -> AsyncIterator[None]:
    """Killed, and started again later without what it had written."""
    with client_of(running) as client:
        kept = Path(client.config_get("dir")["dir"]) / client.config_get("appenddirname")["appenddirname"]
    await by_hand(running.engines.redis.kill)
    try:
        yield
    finally:
        shutil.rmtree(kept)
        await by_hand(running.engines.redis.start)


@asynccontextmanager
async def silent(running: Stack, chance: Random) -> AsyncIterator[None]:
    """Stopped: connections stay open, new ones are taken by the kernel, and nothing is answered."""
    with client_of(running) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def full(running: Stack, chance: Random) -> AsyncIterator[None]:
    """Over its limit of memory: it answers what reads, and refuses what writes."""
    with client_of(running) as client:
        client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")


def redis_fault(key: str, breaks: str, break_it: Breaks, *, short: bool) -> Fault:
    async def run(running: Stack, chance: Random, form: Form) -> Report:
        turns, seconds = TURNS[form]
        token, account = await customer(running)
        ids = [each.id for each in await paced(running, token, WARM_SECONDS[form])]
        asked = round(RATE * WARM_SECONDS[form])
        calm: list[float] = []
        broken: list[float] = []
        heals: list[float] = []
        for _ in range(turns):
            here = await paced(running, token, seconds)
            await asyncio.sleep(chance.uniform(0, 0.3))
            async with break_it(running, chance):
                there = await paced(running, token, seconds)
            began = time.monotonic()
            ids += [each.id for each in here + there]
            await healed(running, ids, began)
            rung = await bells_ring(running, token)
            asked += 2 * round(RATE * seconds) + len(rung)
            ids += rung
            heals.append(time.monotonic() - began)
            calm += [each.seconds for each in here]
            broken += [each.seconds for each in there]
        moved = p99(broken) / p99(calm) - 1
        note = f"submit p99 {p99(calm) * 1000:.1f} ms, meanwhile {p99(broken) * 1000:.1f} ms ({moved:+.0%}), of {len(calm)} each"
        # Fewer samples, or a machine that does other things, say nothing about a tenth.
        wrong = (f"submit p99 moved by {moved:+.0%}",) if form is Form.LONG and moved > MOVES_MAX else ()
        return report(running, key, account, ids, expected=asked, heal_seconds=max(heals), wrong=wrong, notes=(note,))

    return Fault(key=key, breaks=breaks, heals_within=15, short=short, run=run)


async def paced(running: Stack, token: str, seconds: float) -> list[Accepted]:
    return await submit_timed(running.url, token, round(RATE * seconds), seconds=seconds)


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100]


HEALED = "healed is when everything accepted has its end and bells ring again, counted from"
REDIS_EMPTIED = redis_fault(
    "redis-emptied", f"Redis is killed, and started again later without its data; {HEALED} its start.", emptied, short=False
)
REDIS_FLUSHED = redis_fault("redis-flushed", f"FLUSHALL again and again; {HEALED} the last.", flushed, short=True)
REDIS_FULL = redis_fault("redis-full", f"Redis is out of memory and refuses every write; {HEALED} when it has room.", full, short=False)
REDIS_SILENT = redis_fault("redis-silent", f"Redis is stopped and answers nothing; {HEALED} when it goes on.", silent, short=False)
