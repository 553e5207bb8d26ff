"""The eraser, on real engines: every step, in any order of dying."""

import asyncio
from dataclasses import replace

import pytest

from domain.access.refusals import Erased
from domain.accounts.account import Account
from domain.assets.asset import Asset
from domain.assets.storage import StoreUnavailable
from domain.erasure.commands import RequestErasure
from domain.erasure.listed import key_of, read
from tests.support.fleet import open_fleet
from tests.support.parking_provider import make_parking_providers, parking_catalogue
from tests.support.parking_server import ParkingServer
from workers.erasure.eraser import STEPS, Eraser


@pytest.fixture
async def fleet(database_url, redis_url, database_folder):
    async with open_fleet(database_url, redis_url, database_folder) as opened:
        yield opened


class Died(BaseException):
    """The process is gone: nothing after this runs."""


def eraser(fleet, told=lambda step: None):
    return Eraser(fleet.platform, fleet.platform.erasures, "eraser", told)


async def busy_person(fleet):
    """An account with an asset, a queued and a scheduled generation, and the erasure requested."""
    account_id = await fleet.account()
    async with fleet.working(), fleet.dispatching():
        done = await fleet.submit(account_id, "picture")
        (generation,) = await fleet.final(done)
    queued = [await fleet.submit(account_id) for _ in range(2)]
    scheduled = await fleet.submit(account_id, run_at=fleet.platform.clock.now().replace(year=2099))
    await fleet.execute(RequestErasure(account_id=account_id, by="owner"))
    return account_id, generation, [*queued, scheduled]


async def everything_is_gone(fleet, account_id, generation, open_ones):
    (asset_id,) = generation.asset_ids
    asset = await fleet.world.journal.load(Asset, asset_id)
    assert asset.deleted
    assert [found async for found in fleet.platform.objects.list("assets/")] == []
    for each in open_ones:
        ended = await fleet.generation(each)
        assert (ended.status, ended.charged) == ("canceled", 0)
        assert await fleet.work(each) is None
    assert (await fleet.credits(account_id)).holds == {}
    assert (await fleet.world.journal.load(Account, account_id)).status == "erased"
    with pytest.raises(Erased):
        await fleet.vault.key(account_id)
    listed = read(await fleet.platform.objects.get(key_of(account_id)))
    assert listed.account_id == account_id
    keys = await fleet.world.rows("SELECT wrapped, destroyed_at IS NOT NULL FROM vault.subject_keys WHERE account_id = %s", account_id)
    assert keys == [(None, True)]


async def test_all_that_follows_from_a_request(fleet):
    person = await busy_person(fleet)
    steps = []
    assert await eraser(fleet, steps.append).run() == 1
    assert tuple(steps) == STEPS
    await everything_is_gone(fleet, *person)
    facts = [type(event.fact).__name__ for event in await fleet.world.journal.stream(person[0])]
    assert facts == ["AccountRegistered", "AccountErasureRequested", "AccountErased"]
    assert await eraser(fleet).run() == 0


@pytest.mark.parametrize("fatal", STEPS)
async def test_a_process_may_die_before_any_step(fleet, fatal):
    person = await busy_person(fleet)

    def die(step):
        if step == fatal:
            raise Died

    with pytest.raises(Died):
        await eraser(fleet, die).run()
    await eraser(fleet).run()
    await everything_is_gone(fleet, *person)


async def test_any_number_of_erasers_act_once(fleet):
    person = await busy_person(fleet)
    await asyncio.gather(*(eraser(fleet).run() for _ in range(4)))
    await everything_is_gone(fleet, *person)
    facts = [type(event.fact).__name__ for event in await fleet.world.journal.stream(person[0])]
    assert facts.count("AccountErased") == 1


@pytest.mark.parametrize("somebody_works", [True, False])
async def test_a_job_at_a_provider_is_stopped_there_if_somebody_can(fleet, monkeypatch, somebody_works):
    monkeypatch.setattr("workers.erasure.eraser.STOP_SECONDS", 10.0 if somebody_works else 0.5)
    with ParkingServer() as server:
        server.status = {"status": "running", "poll_seconds": 60}
        fleet.platform = replace(fleet.platform, catalogue=parking_catalogue(server.url), make_providers=make_parking_providers)
        account_id = await fleet.account()
        async with fleet.working():
            generation_id = await fleet.submit(account_id, "look_up")
            await fleet.when(generation_id, lambda found: found.sealed_job is not None)
            await fleet.execute(RequestErasure(account_id=account_id, by="owner"))
            if somebody_works:
                await eraser(fleet).run()
        await eraser(fleet).run()
    assert server.canceled == ([str(generation_id)] if somebody_works else [])
    ended = await fleet.generation(generation_id)
    assert (ended.status, ended.charged) == ("canceled", 0)
    assert await fleet.work(generation_id) is None
    assert (await fleet.world.journal.load(Account, account_id)).status == "erased"


async def test_without_its_place_on_the_list_nothing_is_destroyed(fleet, monkeypatch):
    account_id = await fleet.account()
    await fleet.execute(RequestErasure(account_id=account_id, by="owner"))
    put = fleet.platform.objects.put

    async def full(*arguments):
        raise StoreUnavailable(retry_after=5, reason="full")

    monkeypatch.setattr(fleet.platform.objects, "put", full)
    with pytest.raises(StoreUnavailable):
        await eraser(fleet).run()
    await fleet.vault.key(account_id)
    monkeypatch.setattr(fleet.platform.objects, "put", put)
    assert await eraser(fleet).run() == 1


async def test_the_scheduler_does_it_and_a_running_worker_stops(fleet):
    account_id = await fleet.account()
    async with fleet.working(), fleet.dispatching(), fleet.scheduling():
        running = await fleet.submit(account_id, "slow")
        await fleet.when(running, lambda found: found.status == "running")
        await fleet.execute(RequestErasure(account_id=account_id, by="owner"))
        ended = await fleet.when(running, lambda found: found.final)
        assert ended.status == "canceled"
        async with asyncio.timeout(60):
            while (await fleet.world.journal.load(Account, account_id)).status != "erased":
                await asyncio.sleep(0.02)
    assert (await fleet.facts(running))[-1] == "GenerationCanceled"
