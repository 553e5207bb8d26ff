"""Counting in Redis, and alone while Redis is away."""

import asyncio
import random
import time
from types import SimpleNamespace

import pytest
import redis.asyncio

from domain.kernel.rates import Policy
from infra.limits import limiter as module
from infra.limits.limiter import RedisLimiter
from infra.limits.local import LocalCounts
from infra.limits.window import SCRIPT
from tests.support.patience import patient_with_redis


def policy(bucket: str = "api", key: str = "k", count: int = 5, seconds: int = 60, cost: int = 1, holds: bool = False) -> Policy:
    return Policy(bucket, f"{bucket}:{key}:{seconds}", count, seconds, cost, holds)


@pytest.fixture
async def client(redis_url):
    with patient_with_redis():
        client = redis.asyncio.Redis.from_url(redis_url)
        await client.flushall()
        yield client
        await client.aclose()


@pytest.fixture
async def limiter(client):
    limiter = RedisLimiter(client, bypassed=lambda bucket: None)
    yield limiter
    await limiter.close()


async def test_no_more_than_the_count_passes(limiter):
    verdicts = [await limiter.take([policy()]) for _ in range(7)]
    assert [verdict.refused for verdict in verdicts] == [None] * 5 + [0] * 2
    assert [verdict.left[0] for verdict in verdicts] == [4, 3, 2, 1, 0, 0, 0]
    assert 1 <= verdicts[-1].retry_after <= 62


async def test_no_more_than_the_count_passes_at_once_either(limiter):
    verdicts = await asyncio.gather(*(limiter.take([policy(count=300)]) for _ in range(1000)))
    assert sum(verdict.refused is None for verdict in verdicts) == 300


async def test_two_processes_count_together(client):
    first, second = (RedisLimiter(client, bypassed=lambda bucket: None) for _ in range(2))
    verdicts = await asyncio.gather(*(limiter.take([policy(count=30)]) for limiter in (first, second) for _ in range(40)))
    assert sum(verdict.refused is None for verdict in verdicts) == 30


async def test_all_policies_pass_or_none_counts(limiter):
    small, large = policy("small", count=1), policy("large", count=10)
    await limiter.take([large, small])
    refused = await limiter.take([large, small])
    assert (refused.refused, refused.left) == (1, (9, 0))
    assert (await limiter.take([large])).left == (8,)


async def test_a_cost_passes_whole_or_not_at_all(limiter):
    assert (await limiter.take([policy(cost=3)])).refused is None
    assert (await limiter.take([policy(cost=3)])).refused == 0
    assert (await limiter.take([policy(cost=2)])).refused is None


async def test_what_is_given_back_can_be_taken_again(limiter):
    for _ in range(20):
        assert (await limiter.take([policy(cost=4)])).refused is None
        limiter.give_back([policy(cost=4)])
    assert (await limiter.take([policy(cost=5)])).refused is None


async def test_giving_back_more_than_was_taken_makes_no_credit(limiter):
    limiter.give_back([policy(cost=5)])
    assert (await limiter.take([policy()])).left == (4,)


async def test_counts_leave_with_the_window(limiter):
    short = policy(count=1, seconds=1)
    assert (await limiter.take([short])).refused is None
    assert (await limiter.take([short])).refused == 0
    await asyncio.sleep(1.1)
    assert (await limiter.take([short])).refused is None


async def test_keys_vanish_by_themselves(limiter, client):
    await limiter.take([policy(seconds=60)])
    (key,) = [found async for found in client.scan_iter("{limits}:*")]
    assert 55 < await client.ttl(key) <= 70
    # Whom it counts may be an address, which is nobody's to read.
    assert b"api:k" not in key


async def test_what_waits_in_the_loop_shares_one_call(limiter, client):
    await limiter.take([policy("warm")])
    before = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    await asyncio.gather(*(limiter.take([policy(key=str(n))]) for n in range(100)))
    assert (await client.info("commandstats"))["cmdstat_evalsha"]["calls"] - before <= 3


async def test_a_restarted_redis_gets_the_script_again(limiter, client):
    await limiter.take([policy()])
    await client.script_flush()
    assert (await limiter.take([policy()])).left == (3,)


async def test_a_limit_that_is_given_another_window_begins_anew(limiter):
    assert (await limiter.take([policy(count=1, seconds=60)])).refused is None
    assert (await limiter.take([policy(count=1, seconds=3600)])).refused is None
    assert (await limiter.take([policy(count=1, seconds=60)])).refused == 0


@pytest.mark.parametrize("seed", range(20))
async def test_both_count_alike(client, seed):
    """The same questions at the same moments, one by one: the script on a clock of our own, and the counts in memory."""
    chance, now = random.Random(seed), 1_700_000_000_000
    local = LocalCounts(lambda: now)
    script = client.register_script(SCRIPT.replace("redis.call('TIME')", "{ARGV[2], ARGV[3]}"))
    seconds = chance.choice([1, 30, 60, 600])
    for step in range(300):
        now += int(chance.choice([0, 0, 1, 1, 1, 10, 40]) * seconds * 1000 / 30 * chance.random())
        keys = chance.sample(["a", "b", "c"], chance.randint(1, 3))
        sign = chance.choice([1, 1, 1, 1, -1])
        asked = tuple(policy(key=key, count=chance.choice([3, 5, 50]), seconds=seconds, cost=sign * chance.randint(1, 3)) for key in keys)
        named, arguments = module._spoken([(asked, None)], b"")
        text = await script(keys=named, args=[arguments, now // 1000, now % 1000 * 1000])
        (heard,) = module._heard(text.decode(), [(asked, None)])
        assert heard == local.take(asked), f"step {step}"
    for key in named:
        assert 0 < await client.pttl(key) <= 32 * -(-seconds * 1000 // 30)


async def test_a_full_window_is_not_read_for_each_question(client):
    """What a question costs does not grow with what the window has counted."""
    now = 1_700_000_000_000
    script = client.register_script(SCRIPT.replace("redis.call('TIME')", "{ARGV[2], ARGV[3]}"))
    asked = (policy(count=1000, seconds=30),)
    named, arguments = module._spoken([(asked, None)], b"")
    for slot in range(31):
        await script(keys=named, args=[arguments, now // 1000 + slot, 0])
    before = (await client.info("commandstats")).get("cmdstat_hgetall", {"calls": 0})["calls"]
    for _ in range(50):
        await script(keys=named, args=[arguments, now // 1000 + 30, 0])
    assert (await client.info("commandstats")).get("cmdstat_hgetall", {"calls": 0})["calls"] == before


async def test_who_is_far_from_his_limits_does_not_wait_and_is_counted_all_the_same(limiter, client):
    ample = policy(count=6400)
    assert (await limiter.take([ample])).left == (6399,)
    calls = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    verdicts = []
    for _ in range(50):
        take = limiter.take([ample])
        with pytest.raises(StopIteration) as answered:
            # Without a turn of the loop: nobody was asked.
            take.send(None)
        verdicts.append(answered.value.value)
    assert [verdict.left for verdict in verdicts] == [(left,) for left in range(6398, 6348, -1)]
    assert {verdict.reset_seconds for verdict in verdicts} <= {(60,), (61,), (62,)}
    await limiter.close()
    assert (await client.info("commandstats"))["cmdstat_evalsha"]["calls"] - calls == 1
    another = RedisLimiter(client, bypassed=lambda bucket: None)
    assert (await another.take([ample])).left == (6348,)


async def test_no_more_pass_uncounted_than_a_small_part_of_the_limit(limiter):
    ample = policy(count=6400)
    await limiter.take([ample])
    passed = 0
    while True:
        take = limiter.take([ample])
        try:
            take.send(None)
        except StopIteration:
            passed += 1
            continue
        take.close()
        break
    assert passed == 100


@pytest.mark.parametrize(
    "asked",
    [
        policy(count=63),
        policy(count=6400, seconds=9),
        policy(count=6400, holds=True),
        policy(count=6400, cost=101),
        policy(count=6400, cost=3201),
    ],
    ids=["small", "short", "holding", "costly", "half used"],
)
async def test_where_little_is_left_or_much_hangs_on_it_redis_is_asked_first(limiter, asked):
    await limiter.take([asked])
    following = policy(count=asked.count, seconds=asked.seconds, holds=asked.holds, cost=1 if asked.cost == 3201 else asked.cost)
    take = limiter.take([following])
    waits_for = take.send(None)
    assert isinstance(waits_for, asyncio.Future)
    take.close()


async def test_what_redis_said_is_believed_for_a_moment_only(limiter):
    ample = policy(count=6400)
    await limiter.take([ample])
    await asyncio.sleep(0.15)
    take = limiter.take([ample])
    assert isinstance(take.send(None), asyncio.Future)
    take.close()


async def test_a_process_alone_lets_exactly_as_many_pass_as_the_limit_says(limiter):
    verdicts = []

    async def asking() -> None:
        for _ in range(40):
            verdicts.append(await limiter.take([policy(count=640)]))
            await asyncio.sleep(0)

    await asyncio.gather(*(asking() for _ in range(32)))
    assert sum(verdict.refused is None for verdict in verdicts) == 640


class Silent:
    """A Redis that never answers."""

    def __init__(self) -> None:
        self.asked = self.probed = 0
        self.answers = asyncio.Event()

    async def ping(self) -> None:
        self.probed += 1
        await self.answers.wait()

    async def script_load(self, script: str) -> str:
        self.asked += 1
        await asyncio.sleep(60)
        return ""


@pytest.fixture
def silent():
    bypassed: list[str] = []
    clock = SimpleNamespace(offset=0.0)
    redis = Silent()
    limiter = RedisLimiter(redis, bypassed=bypassed.append, monotonic=lambda: time.monotonic() + clock.offset)
    return SimpleNamespace(limiter=limiter, redis=redis, clock=clock, bypassed=bypassed)


async def test_a_silent_redis_costs_milliseconds_and_lets_ordinary_requests_pass(silent):
    started = time.monotonic()
    verdict = await silent.limiter.take([policy(count=1)])
    assert (verdict.refused, silent.bypassed) == (None, ["api"])
    assert time.monotonic() - started < 10


async def test_after_a_miss_it_is_left_alone_and_no_request_finds_out_whether_it_answers(silent, monkeypatch):
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.05)
    for _ in range(10):
        await silent.limiter.take([policy(count=1)])
    await silent.limiter.close()
    # At once, because it may have been a moment.
    assert (silent.redis.asked, silent.redis.probed) == (1, 1)
    for rests in (1, 2):
        silent.clock.offset = rests * (module.REST_SECONDS + 1)
        for _ in range(10):
            await silent.limiter.take([policy(count=1)])
        await silent.limiter.close()
        assert (silent.redis.asked, silent.redis.probed) == (1, 1 + rests)


async def test_once_it_answers_it_is_asked_again(silent):
    silent.redis.answers.set()
    for asked in (1, 2):
        await silent.limiter.take([policy(count=1)])
        await silent.limiter.close()
        assert (silent.redis.asked, silent.redis.probed) == (asked, 1)
    # It answers what we ask, and no call: that is slow, and not worth 20 ms of everybody's time.
    await silent.limiter.take([policy(count=1)])
    await silent.limiter.close()
    assert (silent.redis.asked, silent.redis.probed) == (2, 1)
    silent.clock.offset = module.REST_SECONDS + 1
    await silent.limiter.take([policy(count=1)])
    await silent.limiter.close()
    assert silent.redis.probed == 2


async def test_sensitive_limits_keep_holding_alone(silent):
    asked = [policy("auth", count=2, holds=True), policy("api", count=1)]
    verdicts = [await silent.limiter.take(asked) for _ in range(4)]
    assert [verdict.refused for verdict in verdicts] == [None, None, 0, 0]


async def test_an_unreachable_redis_is_a_miss_like_any_other():
    bypassed: list[str] = []
    limiter = RedisLimiter(redis.asyncio.Redis(host="127.0.0.1", port=1), bypassed=bypassed.append)
    assert (await limiter.take([policy(count=1)])).refused is None
    assert bypassed == ["api"]


class TestLocalCounts:
    def test_it_counts_like_the_script(self):
        clock = SimpleNamespace(now=0)
        counts = LocalCounts(lambda: clock.now)
        assert [counts.take([policy(count=3)]).refused for _ in range(4)] == [None, None, None, 0]
        wait = counts.take([policy(count=3)]).retry_after
        clock.now = wait * 1000
        assert counts.take([policy(count=3)]).refused is None

    def test_no_window_ever_holds_more_than_the_count(self):
        clock = SimpleNamespace(now=0)
        counts = LocalCounts(lambda: clock.now)
        passed: list[int] = []
        for clock.now in range(0, 300_000, 700):
            if counts.take([policy(count=10)]).refused is None:
                passed.append(clock.now)
        assert len(passed) > 30
        assert all(later - earlier >= 60_000 for earlier, later in zip(passed, passed[10:], strict=False))

    def test_memory_is_bounded(self, monkeypatch):
        monkeypatch.setattr("infra.limits.local.KEYS_MAX", 100)
        counts = LocalCounts(lambda: 0)
        for number in range(1_000):
            counts.take([policy(key=str(number))])
        assert len(counts._windows) <= 101
