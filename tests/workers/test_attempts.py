"""From claim to the next durable point."""

import asyncio
from datetime import UTC, datetime, timedelta

from domain.assets.asset import Asset
from tests.support.fleet import Fleet


async def test_a_submitted_generation_is_worked_stored_and_settled_in_one_append(fleet: Fleet):
    account = await fleet.account()
    async with fleet.working():
        generation_id = await fleet.submit(account, "picture")
        [done] = await fleet.final(generation_id)
    assert (done.status, done.charged) == ("succeeded", 5)
    assert await fleet.facts(generation_id) == ["GenerationRequested", "GenerationStarted", "GenerationSucceeded"]
    asset = await fleet.world.journal.load(Asset, done.asset_ids[0])
    assert asset is not None
    assert (asset.content_type, asset.width, asset.height) == ("image/png", 64, 64)
    assert len(await fleet.platform.objects.get(asset.object_key)) == asset.bytes
    assert await fleet.platform.objects.stat(asset.thumbnail_key or "") is not None
    assert (await fleet.vault.key(account)).open(asset.sealed_filename) == "a-lighthouse-at-dusk-1.png"
    last = "SELECT topic FROM journal.events WHERE command_id = (SELECT command_id FROM journal.events ORDER BY position DESC LIMIT 1)"
    assert {topic for (topic,) in await fleet.world.rows(last)} >= {"generations.succeeded", "assets.stored", "credits.hold_captured"}
    assert await fleet.work(generation_id) is None


async def test_a_failure_that_may_pass_is_tried_again_after_the_pause_the_provider_asked_for(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "twice-limited")
    async with fleet.working():
        first = await fleet.when(generation_id, lambda found: found.status == "queued" and found.attempt == 1)
        row = await fleet.work(generation_id)
        assert row is not None
        assert row["state"] == "waiting"
        assert datetime.fromisoformat(row["run_at"]) - (first.updated_at or datetime.now(UTC)) > timedelta(seconds=4)
        async with fleet.dispatching():
            for attempt in (2, 3):
                await fleet.change_work(generation_id, "run_at = clock_timestamp()")
                done = await fleet.when(
                    generation_id, lambda found, attempt=attempt: found.attempt == attempt and found.status != "running"
                )
    assert (done.status, done.attempts, done.charged) == ("succeeded", 3, 5)


async def test_after_the_last_attempt_the_generation_fails_and_the_hold_is_released(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "limited")
    async with fleet.working(), fleet.dispatching():
        for attempt in (1, 2):
            await fleet.when(generation_id, lambda found, attempt=attempt: found.attempt == attempt and found.status == "queued")
            await fleet.change_work(generation_id, "run_at = clock_timestamp()")
        [done] = await fleet.final(generation_id)
    assert (done.status, done.attempts) == ("failed", 3)
    assert done.error == {"code": "rate_limited", "message": "As the script says.", "retryable": True}
    assert (done.charged, done.released) == (0, 5)
    assert (await fleet.credits(account)).holds == {}


async def test_a_definite_refusal_of_the_provider_is_not_tried_again(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "refused")
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert (done.attempts, done.error and done.error["code"]) == (1, "content_rejected")


async def test_a_provider_that_does_not_answer_in_time_is_given_up(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "hasty")
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert done.error and done.error["code"] == "timeout"


async def test_a_provider_that_may_have_worked_when_its_time_ran_out_is_not_asked_again(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "hasty-once")
    async with fleet.working():
        done = await fleet.when(generation_id, lambda found: found.attempts == 1 and found.status != "running")
    assert (done.status, done.error and done.error["code"], done.error and done.error["retryable"]) == ("failed", "timeout", False)


async def test_bytes_that_are_no_image_are_never_stored(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "garbage")
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert done.error and done.error["code"] == "no_output"
    assert [found async for found in fleet.platform.objects.list("assets/")] == []


async def test_a_defect_in_an_adapter_ends_the_attempt_and_not_the_worker(fleet: Fleet):
    account = await fleet.account()
    async with fleet.working():
        broken = await fleet.submit(account, "defective")
        sound = await fleet.submit(account, "instant")
        failed, succeeded = await fleet.final(broken, sound)
    assert failed.error and failed.error["code"] == "internal_error"
    assert succeeded.status == "succeeded"


async def test_a_model_that_left_the_catalogue_fails_its_generations(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "gone")
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert done.error and done.error["code"] == "model_retired"


async def test_a_canceled_generation_that_waits_ends_without_a_worker(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account)
    await fleet.cancel(account, generation_id)
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert await fleet.facts(generation_id) == ["GenerationRequested", "GenerationCanceled"]
    assert done.released == 5


async def test_a_cancel_stops_the_provider_call_within_two_seconds_and_frees_the_hold(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "slow")
    async with fleet.working():
        await fleet.when(generation_id, lambda found: found.status == "running")
        await fleet.cancel(account, generation_id)
        [done] = await fleet.final(generation_id, seconds=3)
    assert (done.status, done.charged, done.released) == ("canceled", 0, 5)
    assert (await fleet.credits(account)).holds == {}


async def test_a_drain_lets_short_work_end_and_hands_long_work_back_without_burning_an_attempt(fleet: Fleet):
    account = await fleet.account()
    async with fleet.working(grace_seconds=0.5):
        brief = await fleet.submit(account, "brief")
        slow = await fleet.submit(account, "slow")
        for each in (brief, slow):
            await fleet.when(each, lambda found: found.status != "queued")
    assert (await fleet.generation(brief)).status == "succeeded"
    handed_back = await fleet.generation(slow)
    assert (handed_back.status, handed_back.attempts) == ("queued", 0)
    row = await fleet.work(slow)
    assert row is not None
    assert (row["state"], row["isolate"], row["deaths"]) == ("ready", False, 0)


async def test_an_operator_drains_a_worker_by_its_id(fleet: Fleet):
    async with fleet.working() as worker:
        async with asyncio.timeout(10):
            while [each.worker for each in await fleet.queues.workers()] != [worker.id]:
                await asyncio.sleep(0.02)
        await fleet.drain(worker.id)
        account = await fleet.account()
        await fleet.world.rows("SELECT pg_sleep(3)")
        generation_id = await fleet.submit(account)
        await fleet.world.rows("SELECT pg_sleep(2.5)")
        assert (await fleet.generation(generation_id)).status == "queued"
    assert await fleet.queues.workers() == []


async def test_a_worker_that_lost_its_lease_stops_and_records_nothing(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, "slow")
    async with fleet.working() as worker:
        await fleet.when(generation_id, lambda found: found.status == "running")
        await fleet.change_work(generation_id, "lease_owner = gen_random_uuid()")
        await fleet.world.rows("SELECT pg_sleep(2.5)")
        assert worker.running == 0
    assert await fleet.facts(generation_id) == ["GenerationRequested", "GenerationStarted"]


async def test_a_row_that_was_left_over_by_a_final_generation_goes_away(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account)
    [row] = await fleet.world.rows("SELECT w FROM dispatch.work w WHERE generation_id = %s", generation_id)
    await fleet.cancel(account, generation_id)
    await fleet.world.rows("INSERT INTO dispatch.work SELECT (%s::dispatch.work).* RETURNING 1", row[0])
    async with fleet.working():
        while await fleet.work(generation_id):
            await fleet.world.rows("SELECT pg_sleep(0.05)")
    assert (await fleet.generation(generation_id)).status == "canceled"
