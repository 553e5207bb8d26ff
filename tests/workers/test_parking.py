"""Long jobs: given to their provider, parked without anybody waiting, looked after, ended like any other."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.assets.asset import Asset
from domain.dispatch.callbacks import called
from domain.generations.commands import RetryGeneration
from domain.providers.jobs import Parked, Running
from tests.support.fleet import Fleet
from tests.support.parking_provider import POLICIES, make_parking_providers, parking_catalogue
from tests.support.parking_server import ParkingServer
from workers.polling import pause_of

TAKEN = ["GenerationRequested", "GenerationStarted", "GenerationSubmitting", "GenerationSubmitted"]


@pytest.fixture
def server() -> Iterator[ParkingServer]:
    with ParkingServer() as opened:
        yield opened


@pytest.fixture
def parked(fleet: Fleet, server: ParkingServer) -> Fleet:
    """The fleet with models whose jobs are parked at *server*."""
    return with_models(fleet, server)


def with_models(fleet: Fleet, server: ParkingServer, **changes: object) -> Fleet:
    fleet.platform = replace(fleet.platform, catalogue=parking_catalogue(server.url, **changes), make_providers=make_parking_providers)
    return fleet


async def until_parked(fleet: Fleet, generation_id: UUID) -> dict[str, object]:
    async with asyncio.timeout(20):
        while True:
            row = await fleet.work(generation_id)
            if row is not None and row["state"] == "parked":
                return row
            await asyncio.sleep(0.02)


async def test_a_long_job_is_parked_without_a_lease_and_settled_when_it_is_done(fleet: Fleet, server: ParkingServer):
    with_models(fleet, server, adapter={"picture": True})
    server.status = {"status": "running", "progress": 0.4, "poll_seconds": 0.2}
    account = await fleet.account()
    async with fleet.working(slots=1) as worker:
        one, other = await fleet.submit(account, "look_up"), await fleet.submit(account, "look_up")
        for each in (one, other):
            row = await until_parked(fleet, each)
            assert (row["lease_owner"], row["started"]) == (None, True)
        # Two are with the provider although the process has one slot, and no attempt stays under way: the last is over a moment
        # after its fact is in the log.
        async with asyncio.timeout(5):
            while worker.running:
                await asyncio.sleep(0.01)
        assert (await fleet.generation(one)).status == "running"
        before = await fleet.facts(one)
        async with asyncio.timeout(20):
            while server.polls < 4:
                await asyncio.sleep(0.02)
        assert await fleet.facts(one) == before == TAKEN
        server.status = {"status": "done"}
        done = await fleet.final(one, other)
    assert [(each.status, each.attempt, each.charged) for each in done] == [("succeeded", 1, 5)] * 2
    assert await fleet.facts(one) == [*TAKEN, "GenerationSucceeded"]
    assert await fleet.world.journal.load(Asset, done[0].asset_ids[0]) is not None
    assert server.times(str(one)) == server.times(str(other)) == 1
    assert await fleet.work(one) is None


async def test_what_a_provider_knows_is_sealed_and_told_in_the_timeline_without_it(parked: Fleet, server: ParkingServer):
    account = await parked.account()
    async with parked.working():
        generation_id = await parked.submit(account, "look_up")
        [done] = await parked.final(generation_id)
    assert done.sealed_job is not None and "job-" not in done.sealed_job
    assert "job-0" in (await parked.vault.key(account)).open(done.sealed_job)
    assert done.submit == 1


async def test_a_job_that_fails_there_is_tried_again_with_the_next_submit(parked: Fleet, server: ParkingServer):
    server.status = {"status": "failed", "code": "overloaded"}
    account = await parked.account()
    async with parked.working(), parked.dispatching():
        generation_id = await parked.submit(account, "at_most_once")
        first = await parked.when(generation_id, lambda found: found.status == "queued" and found.attempt == 1)
        assert (first.submit, first.submitting, first.sealed_job) == (1, False, None)
        server.status = {"status": "done"}
        await parked.change_work(generation_id, "run_at = clock_timestamp()")
        [done] = await parked.final(generation_id)
    assert (done.status, done.attempts, done.submit, done.charged) == ("succeeded", 2, 2, 5)
    assert server.times(str(generation_id)) == 2


async def test_a_refused_submit_is_no_unknown_one(parked: Fleet, server: ParkingServer):
    server.refuses = (422, {})
    account = await parked.account()
    async with parked.working():
        generation_id = await parked.submit(account, "look_up")
        [done] = await parked.final(generation_id)
    assert done.error and done.error["code"] == "invalid_request"
    assert (done.charged, done.released, server.times(str(generation_id))) == (0, 5, 1)


@pytest.mark.parametrize("can_cancel", [True, False])
async def test_a_cancel_reaches_the_provider_and_ends_the_generation_all_the_same(parked: Fleet, server: ParkingServer, can_cancel: bool):
    server.status, server.can_cancel = {"status": "running", "poll_seconds": 60}, can_cancel
    account = await parked.account()
    async with parked.working():
        generation_id = await parked.submit(account, "look_up")
        await until_parked(parked, generation_id)
        async with asyncio.timeout(20):
            while not server.polls:
                await asyncio.sleep(0.02)
        await parked.cancel(account, generation_id)
        [done] = await parked.final(generation_id, seconds=10)
    assert (done.status, done.charged, done.released) == ("canceled", 0, 5)
    assert server.canceled == [str(generation_id)]
    assert (await parked.credits(account)).holds == {}


async def test_a_cancel_that_nobody_could_hear_is_heard_by_the_next_worker(parked: Fleet, server: ParkingServer):
    server.status = {"status": "running", "poll_seconds": 60}
    account = await parked.account()
    async with parked.working():
        generation_id = await parked.submit(account, "look_up")
        await until_parked(parked, generation_id)
    await parked.cancel(account, generation_id)
    assert (await parked.generation(generation_id)).status == "running"
    async with parked.working():
        [done] = await parked.final(generation_id, seconds=10)
    assert (done.status, server.canceled) == ("canceled", [str(generation_id)])


async def test_a_deadline_ends_what_is_parked_and_stops_it_there(parked: Fleet, server: ParkingServer):
    server.status = {"status": "running", "poll_seconds": 60}
    account = await parked.account()
    async with parked.working():
        generation_id = await parked.submit(account, "look_up", deadline=parked.platform.clock.now() + timedelta(seconds=1.5))
        [done] = await parked.final(generation_id)
    assert done.error and done.error["code"] == "deadline_exceeded"
    assert (done.charged, done.released, server.canceled) == (0, 5, [str(generation_id)])


async def test_a_job_that_takes_longer_than_its_model_may_is_given_up(fleet: Fleet, server: ParkingServer):
    with_models(fleet, server, timeout_seconds=1)
    server.status = {"status": "running", "poll_seconds": 0.2}
    account = await fleet.account()
    async with fleet.working():
        generation_id = await fleet.submit(account, "look_up")
        [done] = await fleet.final(generation_id)
    assert done.error and done.error["code"] == "timeout"
    assert server.canceled == [str(generation_id)]


async def test_what_is_woken_is_looked_at_now_and_once_more_when_a_look_was_under_way(parked: Fleet, server: ParkingServer):
    server.status = {"status": "running", "poll_seconds": 60}
    account = await parked.account()
    async with parked.working():
        generation_id = await parked.submit(account, "look_up")
        await until_parked(parked, generation_id)
        async with asyncio.timeout(20):
            while not server.polls:
                await asyncio.sleep(0.02)
        server.status = {"status": "done"}
        jobs = parked.platform.parked
        assert await jobs.wake(generation_id)
        [done] = await parked.final(generation_id, seconds=10)
        assert not await jobs.wake(generation_id)
    assert done.status == "succeeded"


async def test_a_row_made_anew_from_the_log_is_parked_again_and_not_submitted(parked: Fleet, server: ParkingServer):
    server.status = {"status": "running", "poll_seconds": 60}
    account = await parked.account()
    async with parked.working():
        generation_id = await parked.submit(account, "at_least_once")
        await until_parked(parked, generation_id)
    await parked.change_work(generation_id, "state = 'ready', poll_at = NULL")
    server.status = {"status": "done"}
    async with parked.working():
        [done] = await parked.final(generation_id)
    assert (done.status, done.attempt, done.submit, server.times(str(generation_id))) == ("succeeded", 2, 1, 1)


def test_pauses_are_what_the_provider_says_or_grow_up_to_a_minute():
    parked = Parked(upstream_id="1", poll_seconds=4)
    assert [round(pause_of(Running(), parked, polls), 2) for polls in (1, 2, 3, 50)] == [4, 5, 6.25, 60]
    assert pause_of(Running(poll_seconds=7), parked, 50) == 7
    assert pause_of(Running(poll_seconds=9_999), parked, 1) == 300
    assert pause_of(Running(), Parked(upstream_id="1", poll_seconds=120), 3) == 120


async def test_the_provider_is_told_where_to_call_back_when_it_can_reach_us(parked: Fleet, server: ParkingServer):
    account = await parked.account()
    reachable = replace(parked.platform, callback_base="https://daybook.example")
    async with parked.working(platform=reachable):
        generation_id = await parked.submit(account, "look_up")
        await parked.final(generation_id)
    place = server.callbacks[str(generation_id)]
    assert place is not None and place.startswith("https://daybook.example/v1/callbacks/parking/")
    assert called(parked.vault, "parking", place.rpartition("/")[2]) == (generation_id, 1)


async def test_a_submit_that_was_lost_on_its_way_follows_the_policy_of_its_model(parked: Fleet, server: ParkingServer):
    server.hangs_up = True
    account = await parked.account()
    asked = {policy: await parked.submit(account, policy) for policy in POLICIES}
    async with parked.working(), parked.dispatching():
        for policy in ("look_up", "at_least_once"):
            lost = await parked.when(asked[policy], lambda found: found.status == "queued" and found.attempt == 1)
            # Nobody knows, so the number of the submit stays for now.
            assert (lost.submit, lost.submitting) == (1, True)
        server.hangs_up = False
        for policy in ("look_up", "at_least_once"):
            await parked.change_work(asked[policy], "run_at = clock_timestamp()")
        done = dict(zip(asked, await parked.final(*asked.values()), strict=True))
    assert {policy: (each.status, each.submit, each.charged) for policy, each in done.items()} == {
        "look_up": ("succeeded", 2, 5),
        "at_most_once": ("failed", 1, 0),
        "at_least_once": ("succeeded", 1, 5),
    }
    assert {policy: server.times(str(each)) for policy, each in asked.items()} == {"look_up": 2, "at_most_once": 1, "at_least_once": 2}


async def test_a_look_that_comes_after_the_end_of_its_attempt_is_no_defect(
    fleet: Fleet, server: ParkingServer, caplog: pytest.LogCaptureFixture
):
    with_models(fleet, server)
    server.status = {"status": "running", "poll_seconds": 300}
    account = await fleet.account()
    generation_id = await fleet.submit(account, "look_up")
    async with fleet.working():
        await until_parked(fleet, generation_id)
    # What another worker's look recorded, between this one's claim and its own look.
    await fleet.execute(RetryGeneration(generation_id=generation_id, account_id=account, attempt=1, code="timeout", run_at=None))
    facts = await fleet.facts(generation_id)
    await fleet.change_work(generation_id, "state = 'parked', poll_at = clock_timestamp()")
    with caplog.at_level("INFO", logger="workers.polling"):
        async with fleet.working(), asyncio.timeout(20):
            while not caplog.records:
                await asyncio.sleep(0.02)
    assert {record.message for record in caplog.records} == {"no job is with the provider any more"}
    assert await fleet.facts(generation_id) == facts


async def test_what_is_looked_at_is_nobody_elses_and_what_is_woken_meanwhile_stays_due(fleet: Fleet):
    jobs = fleet.platform.parked
    account = await fleet.account()
    generation_id = await fleet.submit(account)
    await fleet.change_work(generation_id, "state = 'parked', poll_at = clock_timestamp()")
    assert await jobs.claim(["text"], 9, 60) == []
    [job] = await jobs.claim(["image"], 9, 60)
    assert (job.generation_id, job.polls, job.cancel_requested) == (generation_id, 1, False)
    assert await jobs.claim(["image"], 9, 60) == []
    [kept] = await jobs.keep([job], 60)
    assert kept.until > job.until
    # An answer that comes with an old stamp changes nothing.
    await jobs.look_again([(job, 0.0)])
    assert await jobs.claim(["image"], 9, 60) == []
    await jobs.look_again([(kept, 0.0)])
    [again] = await jobs.claim(["image"], 9, 60)
    assert again.polls == 2
    await jobs.wake(generation_id)
    assert await jobs.keep([again], 60) == []
    await jobs.look_again([(again, 600.0)])
    assert len(await jobs.claim(["image"], 9, 60)) == 1
