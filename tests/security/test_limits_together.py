"""Rate limits under load from several processes: what N a window means when there are many who count, and when Redis is away."""

import asyncio
import json
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import redis.asyncio

from domain.kernel.rates import Policy
from infra.limits.limiter import REST_SECONDS, RedisLimiter
from tests.support.patience import patient_with_redis

COUNT, SECONDS, PROCESSES = 40, 1, 3
#: So large that who is far from it passes before he is counted.
LARGE, LARGE_SECONDS = 640, 10
#: A process of its own: asks as fast as it is answered, and says of each "yes" between which moments it was given.
HAMMER = """
import asyncio, json, sys, time
import redis.asyncio
from domain.kernel.rates import Policy
from infra.limits import limiter as module
module.BUDGET_SECONDS = 5.0  # how long a slow machine takes is not the question here

async def ask(limiter, begin, end, given):
    while time.time() < end:
        before = time.time()
        verdict = await limiter.take([Policy("api", "api:crowd", COUNT, SECONDS, 1, False)])
        if verdict.refused is None and before >= begin:
            given.append((before, time.time()))
        await asyncio.sleep(0.002)

async def main(url, begin):
    client = redis.asyncio.Redis.from_url(url)
    bypassed, given = [], []
    limiter = module.RedisLimiter(client, bypassed=bypassed.append)
    await asyncio.sleep(max(0.0, begin - time.time()))
    await asyncio.gather(*(ask(limiter, begin, begin + DURATION, given) for _ in range(8)))
    await limiter.close()
    await client.aclose()
    print(json.dumps({"given": given, "bypassed": len(bypassed)}))

asyncio.run(main(sys.argv[1], float(sys.argv[2])))
"""


def hammered(url: str, begin: float, duration: float, *, count: int = COUNT, seconds: int = SECONDS) -> list[tuple[float, float]]:
    """The moments of every "yes", by *PROCESSES* processes at once."""
    program = HAMMER.replace("COUNT", str(count)).replace("SECONDS, 1", f"{seconds}, 1").replace("DURATION", str(duration))
    running = [
        subprocess.Popen([sys.executable, "-c", program, url, str(begin)], stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    told = [json.loads(process.communicate(timeout=duration + 60)[0]) for process in running]
    assert [each["bypassed"] for each in told] == [0] * PROCESSES
    assert all(each["given"] for each in told), "each process got some"
    return sorted((before, after) for each in told for before, after in each["given"])


def most_in_a_window(given: list[tuple[float, float]]) -> int:
    """The most that surely fell into one window: those asked for after it began and answered before it ended."""
    return max(sum(before >= start and after <= start + SECONDS for before, after in given) for start, _ in given)


@pytest.mark.parametrize("duration", [2.2, pytest.param(60, marks=pytest.mark.long)])
def test_no_window_holds_more_than_the_limit_whoever_counts(redis_url, duration):
    begin = time.time() + 1.5
    given = hammered(redis_url, begin, duration)
    assert most_in_a_window(given) <= COUNT
    # And nobody is kept from what is his: a count leaves at most one slot late.
    assert len(given) >= COUNT * int(duration / (SECONDS * 32 / 30))


def test_of_a_large_limit_hardly_more_pass_although_few_are_waited_for(redis_url):
    given = hammered(redis_url, time.time() + 1.5, 2.0, count=LARGE, seconds=LARGE_SECONDS)
    # Each may be ahead by a sixty-fourth, when the others use up half of it in a moment.
    assert LARGE <= len(given) <= LARGE + PROCESSES * LARGE // 64


def policy(bucket: str, *, holds: bool) -> Policy:
    return Policy(bucket, f"{bucket}:crowd", 5, 60, 1, holds)


class Gone:
    """A Redis that is not there, until it is."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.client = client
        self.away = True

    def __getattr__(self, name: str):
        if self.away:
            raise redis.ConnectionError("away")
        return getattr(self.client, name)


async def passed(limiters, bucket: str, *, holds: bool, times: int = 20) -> int:
    verdicts = [await each.take([policy(bucket, holds=holds)]) for _ in range(times) for each in limiters]
    return sum(verdict.refused is None for verdict in verdicts)


async def test_while_redis_is_away_each_process_counts_what_holds_and_lets_the_rest_pass(redis_url):
    clock = SimpleNamespace(now=1_000.0)
    bypassed: list[str] = []
    with patient_with_redis():
        async with redis.asyncio.Redis.from_url(redis_url) as client:
            await client.flushall()
            gone = Gone(client)
            limiters = [RedisLimiter(gone, bypassed=bypassed.append, monotonic=lambda: clock.now) for _ in range(PROCESSES)]
            # The bound of what holds, such as passwords: the limit times the number of processes.
            assert await passed(limiters, "auth", holds=True) == 5 * PROCESSES
            assert await passed(limiters, "api", holds=False) == 20 * PROCESSES
            assert bypassed.count("api") == 20 * PROCESSES
            # Back again, as each process finds out after the rest that it gives it: one count for all.
            gone.away, clock.now = False, clock.now + REST_SECONDS + 1
            assert await passed(limiters, "api", holds=False, times=1) == PROCESSES
            await asyncio.gather(*(each.close() for each in limiters))
            assert await passed(limiters, "api", holds=False) == 5
            assert await passed(limiters, "auth", holds=True) == 5
            await asyncio.gather(*(each.close() for each in limiters))
