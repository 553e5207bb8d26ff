"""Who is next, who is told, and what heals."""

import asyncio
import time
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

import pytest

from domain.dispatch.ports import Group
from tests.support.fleet import Fleet
from workers.bells import Ringer, wake_queue
from workers.reaper import OVERLAP, Reaper


async def test_an_idle_worker_is_woken_by_a_bell_and_not_by_its_poll(fleet: Fleet):
    account = await fleet.account()
    seconds = []
    async with fleet.working(), fleet.dispatching():
        while await fleet.platform.board.groups() != [Group(("image",), 1)]:
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.2)
        for _ in range(10):
            began = time.perf_counter()
            await fleet.final(await fleet.submit(account))
            seconds.append(time.perf_counter() - began)
            await asyncio.sleep(0.1)
    # Its poll comes every 2 s.
    assert median(seconds) < 1


async def test_without_redis_work_goes_on_by_polling(fleet: Fleet):
    account = await fleet.account()
    async with fleet.working(platform=fleet.without_redis()):
        generation_id = await fleet.submit(account)
        [done] = await fleet.final(generation_id)
    assert done.status == "succeeded"


async def test_a_redis_that_swallows_everything_neither_stops_the_dispatcher_nor_the_work(fleet: Fleet):
    swallowed = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        swallowed.append(writer)
        await reader.read()

    hole = await asyncio.start_server(swallow, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{hole.sockets[0].getsockname()[1]}/0"
    ringer = Ringer(url)
    began = time.perf_counter()
    assert await ringer.ring(["image"], 1) == 0
    assert time.perf_counter() - began < 5
    ringer.close()
    account = await fleet.account()
    fleet.platform = type(fleet.platform)(**{**vars(fleet.platform), "redis_url": url})
    async with fleet.working(), fleet.dispatching():
        generation_id = await fleet.submit(account)
        [done] = await fleet.final(generation_id)
    hole.close()
    for writer in swallowed:
        writer.close()
    assert done.status == "succeeded"


async def test_bells_are_never_more_than_the_workers_that_could_answer(fleet: Fleet):
    ringer = Ringer(fleet.platform.redis_url)
    queues = ["nobody-answers"]
    for _ in range(5):
        await ringer.ring(queues, 2)
    broker = ringer._broker
    assert broker.client.llen(f"{broker.namespace}:{wake_queue(queues)}") == 2
    broker.flush(wake_queue(queues))
    ringer.close()


async def test_two_claims_at_once_never_get_the_same_row(fleet: Fleet):
    account = await fleet.account(credits=1_000)
    submitted = {await fleet.submit(account) for _ in range(40)}
    owners = [fleet.platform.ids.new() for _ in range(4)]
    claims = await asyncio.gather(*(fleet.platform.claims.claim(owner, ["image"], 10) for owner in owners * 2))
    got = [each.generation_id for claim in claims for each in claim]
    assert len(got) == len(set(got)) == 40
    assert set(got) == submitted


async def test_one_account_with_thousands_queued_does_not_delay_another(fleet: Fleet):
    greedy, modest = await fleet.account(credits=20_000), await fleet.account()
    first = await fleet.submit(greedy)
    await copies(fleet, first, 2_000)
    owner = fleet.platform.ids.new()
    assert {each.account_id for each in await fleet.platform.claims.claim(owner, ["image"], 8)} == {greedy}
    late = await fleet.submit(modest)
    assert late in {each.generation_id for each in await fleet.platform.claims.claim(owner, ["image"], 8)}


async def test_high_priority_goes_before_and_low_after(fleet: Fleet):
    account = await fleet.account(credits=1_000)
    low = await fleet.submit(account, priority="low")
    normal = await fleet.submit(account)
    high = await fleet.submit(account, priority="high")
    owner = fleet.platform.ids.new()
    order = [(await fleet.platform.claims.claim(owner, ["image"], 1))[0].generation_id for _ in range(3)]
    assert order == [high, normal, low]


async def test_a_claim_probes_the_queue_however_long_it_is(fleet: Fleet, record_property):
    account = await fleet.account()
    await copies(fleet, await fleet.submit(account), 20_000)
    owner = fleet.platform.ids.new()
    seconds = []
    for _ in range(100):
        began = time.perf_counter()
        assert len(await fleet.platform.claims.claim(owner, ["image"], 1)) == 1
        seconds.append((time.perf_counter() - began) * 1000)
    seconds.sort()
    record_property("claim_p50_ms", round(seconds[50], 2))
    record_property("claim_p99_ms", round(seconds[98], 2))
    print(f"claim with 20,000 queued: p50 {seconds[50]:.2f} ms, p99 {seconds[98]:.2f} ms")
    # A claim that reads the queue instead of probing it would have read millions of entries.
    [(read,)] = await fleet.world.rows("SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'work_ready'")
    assert read < 20_000


async def test_whom_the_clock_has_left_behind_is_found_within_a_tick(fleet: Fleet):
    generation_id = await fleet.submit(await fleet.account())
    await fleet.world.rows("SELECT setval('dispatch.clock_image', 1000)")
    assert await fleet.platform.claims.claim(fleet.platform.ids.new(), ["image"], 8) == []
    async with fleet.working(), fleet.dispatching():
        [done] = await fleet.final(generation_id)
    assert done.status == "succeeded"


async def test_a_paused_queue_hands_out_nothing_until_it_is_resumed(fleet: Fleet):
    account = await fleet.account()
    await fleet.pause("image")
    generation_id = await fleet.submit(account)
    owner = fleet.platform.ids.new()
    assert await fleet.platform.claims.claim(owner, ["image"], 8) == []
    assert await fleet.platform.board.ready(["image"], 8) == 0
    [state] = await fleet.queues.states([])
    assert (state.queue, state.paused, state.ready) == ("image", True, 1)
    await fleet.resume("image")
    assert [each.generation_id for each in await fleet.platform.claims.claim(owner, ["image"], 8)] == [generation_id]


async def test_operators_see_queues_and_workers(fleet: Fleet):
    account = await fleet.account()
    await fleet.submit(account, run_at=fleet.platform.clock.now() + timedelta(hours=1))
    async with fleet.working(slots=3) as worker:
        slow = await fleet.submit(account, "slow")
        await fleet.when(slow, lambda found: found.status == "running")
        states = {state.queue: state for state in await fleet.queues.states(["text"])}
        assert (states["image"].waiting, states["image"].running, states["image"].ready) == (1, 1, 0)
        assert (states["text"].ready, states["text"].oldest_ready_seconds) == (0, None)
        async with asyncio.timeout(20):
            # A worker says that it is there by its first beat.
            while not (workers := await fleet.queues.workers()):
                await asyncio.sleep(0.02)
        [seen] = workers
        assert (seen.worker, seen.queues, seen.slots, seen.draining) == (worker.id, ["image"], 3, False)
    assert await fleet.queues.workers() == []


async def test_the_work_of_a_worker_that_is_gone_is_taken_up_by_another_in_isolation(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account)
    await fleet.platform.claims.claim(fleet.platform.ids.new(), ["image"], 1)
    await fleet.change_work(generation_id, "lease_until = clock_timestamp() - interval '1 s'")
    [reaped] = await fleet.platform.board.reap(10)
    assert reaped == generation_id
    row = await fleet.work(generation_id)
    assert row is not None
    assert (row["state"], row["isolate"], row["deaths"]) == ("ready", True, 0)
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert (done.status, done.attempts) == ("succeeded", 1)


class ClockBoard:
    """A board whose database clock can jump; everything is always expired."""

    def __init__(self, fleet: Fleet) -> None:
        self._real = fleet.platform.board
        self.jump = timedelta()
        self.asked: list[datetime | None] = []

    async def now(self):
        return await self._real.now() + self.jump

    async def reap(self, limit: int, *, since: datetime | None = None) -> list[UUID]:
        self.asked.append(since)
        return [UUID(int=1)]


async def test_the_reaper_holds_off_one_lease_after_its_start_and_after_a_jump_of_the_clock(fleet: Fleet, monkeypatch: pytest.MonkeyPatch):
    passed = 0.0
    really = time.monotonic
    monkeypatch.setattr("workers.reaper.time.monotonic", lambda: really() + passed)
    board = ClockBoard(fleet)
    reaper = Reaper(board)
    assert await reaper.reap() == 0
    passed, board.jump = 31.0, timedelta(seconds=31)
    assert await reaper.reap() == 1
    board.jump += timedelta(minutes=5)
    assert await reaper.reap() == 0
    passed += 31.0
    board.jump += timedelta(seconds=31)
    assert await reaper.reap() == 1


async def test_the_reaper_goes_on_where_it_looked_last_and_looks_at_all_each_minute(fleet: Fleet, monkeypatch: pytest.MonkeyPatch):
    passed = 31.0
    really = time.monotonic
    board = ClockBoard(fleet)
    reaper = Reaper(board)
    monkeypatch.setattr("workers.reaper.time.monotonic", lambda: really() + passed)
    began = await board.now()
    for _ in range(3):
        await reaper.reap()
    assert board.asked[0] is None
    ended = await board.now()
    assert all(since is not None and began - OVERLAP <= since <= ended - OVERLAP for since in board.asked[1:])
    passed, board.jump = passed + 60, timedelta(seconds=60)
    await reaper.reap()
    assert board.asked[3] is None
    # Healthy leases of a clock that was set back lapse before what was looked at.
    board.jump -= timedelta(hours=1)
    await reaper.reap()
    passed, board.jump = passed + 31, board.jump + timedelta(seconds=31)
    await reaper.reap()
    assert board.asked[4:] == [None]


async def test_only_leases_that_lapsed_since_are_reaped(fleet: Fleet):
    account = await fleet.account()
    long_ago, lately = [await fleet.submit(account) for _ in range(2)]
    await fleet.platform.claims.claim(fleet.platform.ids.new(), ["image"], 2)
    await fleet.change_work(long_ago, "lease_until = clock_timestamp() - interval '9 s'")
    await fleet.change_work(lately, "lease_until = clock_timestamp() - interval '1 s'")
    board = fleet.platform.board
    assert await board.reap(10, since=await board.now() - OVERLAP) == [lately]
    assert await board.reap(10) == [long_ago]


async def copies(fleet: Fleet, generation_id: UUID, count: int) -> None:
    """*count* more rows of the same account behind *generation_id*, as so many submits would leave."""
    await fleet.world.rows(
        """
        INSERT INTO dispatch.work SELECT (jsonb_populate_record(w, jsonb_build_object(
            'generation_id', gen_random_uuid(), 'turn', w.turn + n, 'rank', w.rank + n))).*
        FROM dispatch.work w, generate_series(1, %s) n WHERE w.generation_id = %s RETURNING 1
        """,
        count,
        generation_id,
    )
