"""What may not run now is held, and stands in nobody's way."""

import asyncio
from collections import Counter
from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from domain.accounts.commands import ChangeRights
from domain.dispatch.limits import EVERYBODY, Limit, limits_of
from domain.kernel.limits import CIRCUIT_FAILURES
from domain.providers.catalogue import Catalogue
from tests.support.fleet import Fleet, model
from tests.support.parking_provider import make_parking_providers, parking_catalogue
from tests.support.parking_server import ParkingServer

HERE = """
    INSERT INTO dispatch.workers (worker, host, pid, queues, slots) VALUES (gen_random_uuid(), 'here', 1, '{image,text}', 9) RETURNING 1
"""
STATES = "SELECT generation_id, state FROM dispatch.work ORDER BY turn"


@pytest.fixture
async def served(fleet: Fleet) -> Fleet:
    """The queues image and text have a worker, as far as anybody can tell."""
    await fleet.world.rows(HERE)
    return fleet


async def admit(fleet: Fleet) -> int:
    admitted = 0
    while found := await fleet.platform.limits.admit(100):
        admitted += found
    return admitted


async def states(fleet: Fleet, generation_ids: list[UUID]) -> list[str]:
    found = dict(await fleet.world.rows(STATES))
    return [found[each] for each in generation_ids]


async def claim(fleet: Fleet, limit: int, queue: str = "image") -> list[UUID]:
    return [each.generation_id for each in await fleet.platform.claims.claim(fleet.platform.ids.new(), [queue], limit)]


async def test_a_model_runs_as_often_as_it_may_and_others_do_not_wait_for_it(served: Fleet):
    await served.platform.limits.replace([Limit(scope="model", name="slow", most=2)])
    account = await served.account(credits=1_000)
    limited = [await served.submit(account, "slow") for _ in range(5)]
    free = [await served.submit(account, "instant") for _ in range(3)]
    assert await states(served, limited) == ["held"] * 5
    assert await states(served, free) == ["ready"] * 3
    assert await admit(served) == 2
    assert await states(served, limited) == ["ready"] * 2 + ["held"] * 3
    assert set(await claim(served, 10)) == {*limited[:2], *free}
    assert await admit(served) == 0
    # One is parked: it still counts. The other has ended.
    await served.change_work(limited[0], "state = 'parked', poll_at = now(), lease_owner = NULL, lease_until = NULL")
    await served.world.rows("DELETE FROM dispatch.work WHERE generation_id = %s RETURNING 1", limited[1])
    assert await admit(served) == 1
    assert await claim(served, 10) == [limited[2]]


async def test_an_account_runs_as_much_as_it_may_and_its_own_limit_counts_before_everybodys(served: Fleet):
    one, other = await served.account(credits=1_000), await served.account(credits=1_000)
    own = Limit(scope="account", name=str(other), most=3)
    await served.platform.limits.replace([Limit(scope="account", name=EVERYBODY, most=1), own])
    of = {account: [await served.submit(account) for _ in range(5)] for account in (one, other)}
    assert await admit(served) == 4
    assert Counter(await states(served, of[one])) == {"ready": 1, "held": 4}
    assert Counter(await states(served, of[other])) == {"ready": 3, "held": 2}


async def test_the_best_rank_is_admitted_first_however_many_others_are_held(served: Fleet):
    await served.platform.limits.replace([Limit(scope="model", name="instant", most=2)])
    greedy, modest = await served.account(credits=1_000), await served.account()
    [*_, last] = [await served.submit(greedy) for _ in range(6)]
    urgent = await served.submit(greedy, priority="high")
    late = await served.submit(modest)
    assert await admit(served) == 2
    assert await states(served, [urgent, last]) == ["ready", "held"]
    assert set(await claim(served, 5)) >= {urgent}
    await served.world.rows("DELETE FROM dispatch.work WHERE state IN ('leased', 'ready') RETURNING 1")
    assert await admit(served) == 2
    # Its turn is that of the newcomer, not behind all of the other's.
    assert await states(served, [late, last]) == ["ready", "held"]


async def test_a_limit_that_is_set_later_holds_what_waits_and_frees_it_when_it_goes(served: Fleet):
    account = await served.account(credits=1_000)
    waiting = [await served.submit(account) for _ in range(3)]
    await served.platform.limits.replace([Limit(scope="provider", name="scripted", most=1)])
    assert await states(served, waiting) == ["held"] * 3
    assert await admit(served) == 1
    await served.platform.limits.replace([])
    assert await admit(served) == 2
    assert await states(served, waiting) == ["ready"] * 3


async def test_queues_that_nobody_serves_or_that_are_paused_fill_nobodys_limit(served: Fleet):
    await served.platform.limits.replace([Limit(scope="account", name=EVERYBODY, most=1)])
    account = await served.account(credits=1_000)
    nobodys = await served.submit(account, "slow", queue="video")
    paused = await served.submit(account, "brief", queue="text")
    await served.world.rows("INSERT INTO dispatch.queues (queue, paused) VALUES ('text', true) RETURNING 1")
    image = await served.submit(account)
    assert await admit(served) == 1
    assert await states(served, [nobodys, paused, image]) == ["held", "held", "ready"]


async def test_a_retry_waits_for_room_like_anybody(served: Fleet):
    await served.platform.limits.replace([Limit(scope="model", name="instant", most=1)])
    account = await served.account(credits=1_000)
    one, other = await served.submit(account), await served.submit(account)
    assert await admit(served) == 1
    await claim(served, 1)
    await served.change_work(one, "state = 'waiting', run_at = now(), lease_owner = NULL, lease_until = NULL")
    assert await admit(served) == 1
    assert await served.platform.board.promote(10) == 1
    assert await states(served, [one, other]) == ["held", "ready"]


def test_limits_come_from_the_catalogue_and_models_of_one_vendor_share_a_window():
    changes = {"a": {"concurrency_max": 3}, "b": {"rate_limit": "20/10"}, "c": {"rate_limit": "20/10"}, "d": {}}
    models = [msgspec.structs.replace(model(name), **change) for name, change in changes.items()]
    limits = limits_of(Catalogue(price_version=1, models=models, defaults={}), account=4)
    lane = "scripted 20/10"
    assert limits == [
        Limit(scope="model", name="a", most=3),
        Limit(scope="model", name="b", lane=lane, submits=20, seconds=10),
        Limit(scope="model", name="c", lane=lane, submits=20, seconds=10),
        Limit(scope="account", name=EVERYBODY, most=4),
    ]


async def test_every_window_that_begins_with_an_arrival_holds_its_limit(fleet: Fleet):
    with ParkingServer() as server:
        catalogue = parking_catalogue(server.url, rate_limit="4/1")
        fleet.platform = replace(fleet.platform, catalogue=catalogue, make_providers=make_parking_providers)
        account = await fleet.account(credits=1_000)
        async with fleet.working(), fleet.dispatching():
            await fleet.final(*[await fleet.submit(account, "look_up") for _ in range(8)])
    assert len(server.arrivals) == 8
    assert max(sum(begin <= each < begin + 1 for each in server.arrivals) for begin in server.arrivals) <= 4
    # Nobody waited for longer than the windows and their margins say.
    assert server.arrivals[-1] - server.arrivals[0] < 15


async def test_a_provider_that_fails_again_and_again_is_left_alone_until_one_try_succeeds(fleet: Fleet):
    with ParkingServer() as server:
        server.refuses = (503, {})
        catalogue = parking_catalogue(server.url)
        fleet.platform = replace(fleet.platform, catalogue=catalogue, make_providers=make_parking_providers)
        account, health = await fleet.account(credits=1_000), fleet.platform.health
        async with fleet.working(slots=1), fleet.dispatching():
            all_of_them = [await fleet.submit(account, "look_up", provider="parking") for _ in range(CIRCUIT_FAILURES + 3)]
            async with asyncio.timeout(20):
                while not (found := await health.states()) or found[0].circuit == "closed":
                    await asyncio.sleep(0.05)
            assert (found[0].provider, found[0].circuit, found[0].code) == ("parking", "open", "overloaded")
            tried = len(server.submits)
            await fleet.world.rows("UPDATE dispatch.work SET run_at = now() WHERE state = 'waiting' RETURNING 1")
            await fleet.when(all_of_them[-1], lambda found: found.status == "queued")
            async with asyncio.timeout(20):
                while "waiting" in (held := await states(fleet, all_of_them)) or "leased" in held:
                    await asyncio.sleep(0.05)
            assert set(held) == {"held"}
            assert len(server.submits) <= tried + 1
            server.refuses = None
            await fleet.world.rows("UPDATE dispatch.providers SET open_until = now() RETURNING 1")
            done = await fleet.final(*all_of_them)
            assert {each.status for each in done} == {"succeeded"}
            [state] = await health.states()
    assert (state.circuit, state.failures) == ("closed", 0)


async def test_an_operator_gives_an_account_a_limit_of_its_own_in_the_commit_of_the_fact(served: Fleet):
    account = await served.account(credits=1_000)
    change = ChangeRights(account_id=account, roles=None, limits={"concurrency": "2"}, reason="too much")
    await served.execute(change)
    waiting = [await served.submit(account) for _ in range(4)]
    assert await admit(served) == 2
    await served.execute(msgspec.structs.replace(change, limits={}))
    assert await admit(served) == 2
    assert await states(served, waiting) == ["ready"] * 4
