"""What becomes due by the clock alone."""

import asyncio
import os
import time
from datetime import timedelta

from domain.credits.commands import GrantCredits
from infra.objects.directory import STAGED_SECONDS_MAX
from infra.objects.files import STAGING
from tests.support.fleet import Fleet
from tests.support.journal import new_id
from workers.sweeper import Sweeper, asset_of

EXPIRED_AMOUNTS = "SELECT available FROM journal.events WHERE topic = 'credits.grant_expired'"


async def test_a_scheduled_generation_is_queued_when_its_time_has_come(fleet: Fleet):
    account = await fleet.account()
    later = fleet.platform.clock.now() + timedelta(seconds=1)
    generation_id = await fleet.submit(account, run_at=later)
    assert (await fleet.generation(generation_id)).status == "scheduled"
    async with fleet.scheduling(), fleet.working():
        [done] = await fleet.final(generation_id)
    assert await fleet.facts(generation_id) == [
        "GenerationRequested",
        "GenerationQueued",
        "GenerationStarted",
        "GenerationSucceeded",
    ]
    assert done.started_at is not None
    assert done.started_at >= later


async def test_two_schedulers_queue_and_expire_once(fleet: Fleet):
    account = await fleet.account()
    soon = fleet.platform.clock.now() + timedelta(seconds=0.5)
    due = await fleet.submit(account, run_at=soon)
    late = await fleet.submit(account, deadline=soon)
    async with fleet.scheduling(), fleet.scheduling():
        await fleet.final(late)
        await fleet.when(due, lambda found: found.status == "queued")
        await asyncio.sleep(1.2)
    assert await fleet.facts(due) == ["GenerationRequested", "GenerationQueued"]
    assert await fleet.facts(late) == ["GenerationRequested", "GenerationFailed"]


async def test_a_generation_that_nobody_began_before_its_start_deadline_fails_and_releases(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, start_deadline=fleet.platform.clock.now() + timedelta(seconds=0.3))
    async with fleet.scheduling():
        [done] = await fleet.final(generation_id)
    assert done.error and done.error["code"] == "deadline_exceeded"
    assert (await fleet.credits(account)).holds == {}
    assert await fleet.work(generation_id) is None


async def test_a_deadline_ends_what_runs_and_the_worker_notices(fleet: Fleet):
    account = await fleet.account()
    async with fleet.scheduling(), fleet.working() as worker:
        generation_id = await fleet.submit(account, "slow", deadline=fleet.platform.clock.now() + timedelta(seconds=1))
        [done] = await fleet.final(generation_id)
        assert done.error and done.error["code"] == "deadline_exceeded"
        async with asyncio.timeout(3):
            while worker.running:
                await asyncio.sleep(0.05)
    assert (await fleet.generation(generation_id)).status == "failed"


async def test_start_deadlines_stand_still_while_the_queue_is_paused(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, start_deadline=fleet.platform.clock.now() + timedelta(seconds=1))
    await fleet.pause("image")
    async with fleet.scheduling():
        await asyncio.sleep(2.2)
        assert (await fleet.generation(generation_id)).status == "queued"
        await fleet.resume("image")
        [done] = await fleet.final(generation_id)
    assert done.error and done.error["code"] == "deadline_exceeded"
    row = await fleet.generation(generation_id)
    assert row.finished_at is not None
    assert row.start_deadline is not None
    assert row.finished_at - row.start_deadline > timedelta(seconds=2)


async def test_a_grant_expires_although_nobody_spends(fleet: Fleet):
    account = await fleet.account(credits=10)
    soon = fleet.platform.clock.now() + timedelta(seconds=0.5)
    await fleet.execute(
        GrantCredits(account_id=account, grant_id=new_id(), source="operator", amount=7, priority=0, expires_at=soon, reason="test")
    )
    async with fleet.scheduling():
        async with asyncio.timeout(5):
            while not (expired := await fleet.world.rows(EXPIRED_AMOUNTS)):
                await asyncio.sleep(0.05)
    assert expired == [(-7,)]


async def test_objects_without_an_asset_are_swept_after_an_hour(fleet: Fleet):
    account = await fleet.account()
    async with fleet.working():
        [done] = await fleet.final(await fleet.submit(account, "picture"))
    old, young = f"assets/{new_id()}/original.png", f"assets/{new_id()}/original.png"
    kept = f"assets/{done.asset_ids[0]}/original.png"
    for key in (old, young):
        await fleet.platform.objects.put(key, b"bytes", "image/png")
    for key in (old, kept):
        before = time.time() - 3_700
        os.utime(fleet.folder / key, (before, before))
    await Sweeper(fleet.platform).sweep_orphaned()
    assert await fleet.platform.objects.stat(old) is None
    assert await fleet.platform.objects.stat(young) is not None
    assert await fleet.platform.objects.stat(kept) is not None


async def test_files_that_a_killed_writer_left_unfinished_are_swept_too(fleet: Fleet):
    await fleet.platform.objects.put("assets/one", b"bytes", "image/png")
    old, young = fleet.folder / STAGING / "old", fleet.folder / STAGING / "young"
    for file in (old, young):
        file.write_bytes(b"half")
    before = time.time() - STAGED_SECONDS_MAX - 60
    os.utime(old, (before, before))
    await Sweeper(fleet.platform).sweep_orphaned()
    assert (old.exists(), young.exists()) == (False, True)


async def test_objects_of_a_deleted_asset_are_swept_soon(fleet: Fleet):
    from domain.assets.commands import DeleteAsset

    account = await fleet.account()
    async with fleet.working():
        [done] = await fleet.final(await fleet.submit(account, "picture"))
    sweeper = Sweeper(fleet.platform)
    await sweeper.sweep_deleted()
    await fleet.execute(DeleteAsset(asset_id=done.asset_ids[0], account_id=account))
    await sweeper.sweep_deleted()
    assert [found async for found in fleet.platform.objects.list("assets/")] == []


def test_only_keys_that_name_an_asset_are_judged():
    assert asset_of("assets/not-a-uuid/original.png") is None
    assert asset_of("assets/readme") is None
