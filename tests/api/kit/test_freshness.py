"""A reader sees what he wrote, and is told how far his read has seen."""

import asyncio
import time

import pytest

from tests.api.kit.tiny import TINY
from tests.support.api_world import ALICE, bearer, fake_platform, served


@pytest.fixture
def platform():
    return fake_platform(limits_off=True)


@pytest.fixture
async def client(platform):
    async with served(TINY, platform) as client:
        yield client


async def read(client, **headers: str):
    return await client.get("/v1/reads", headers=bearer("alice", **headers))


async def test_a_read_says_how_far_its_model_has_seen(client, platform):
    platform.positions.now = {"things": 41, "others": 99}
    response = await read(client)
    assert (response.headers["daybook-position"], response.json()) == ("41", {"seen": 41, "behind": False})


async def test_a_read_waits_until_the_model_has_seen_its_readers_last_write(client, platform):
    platform.journal.positions[ALICE] = 50

    async def catch_up() -> None:
        await asyncio.sleep(0.2)
        platform.positions.now = {"things": 50}

    started = time.monotonic()
    response, _ = await asyncio.gather(read(client), catch_up())
    assert time.monotonic() - started >= 0.2
    assert response.json() == {"seen": 50, "behind": False}


async def test_it_does_not_wait_for_what_others_wrote(client, platform):
    platform.journal.position = 1_000
    assert (await read(client)).json() == {"seen": 0, "behind": False}


async def test_a_model_that_stays_behind_is_read_as_it_is_after_two_seconds(client, platform, monkeypatch):
    monkeypatch.setattr("api.kit.freshness.DEFAULT_WAIT_SECONDS", 0.1)
    platform.journal.positions[ALICE] = 50
    platform.positions.now = {"things": 49}
    assert (await read(client)).json() == {"seen": 49, "behind": True}


@pytest.mark.timeout(100)
async def test_zero_turns_waiting_off(client, platform, monkeypatch):
    platform.journal.positions[ALICE] = 50
    monkeypatch.setattr("api.kit.freshness.DEFAULT_WAIT_SECONDS", 300)
    assert (await read(client, **{"Daybook-Min-Position": "0"})).status_code == 200


async def test_a_position_that_is_not_reached_in_time_is_a_503(client, platform, monkeypatch):
    monkeypatch.setattr("api.kit.freshness.ASKED_WAIT_SECONDS", 0.1)
    platform.journal.position = 60
    response = await read(client, **{"Daybook-Min-Position": "60"})
    assert (response.status_code, response.json()["code"], response.headers["retry-after"]) == (503, "read_model_behind", "1")


@pytest.mark.parametrize("position", ["61", "-1", "1.5", "soon", "", "99999999999999999999"])
async def test_a_position_beyond_the_log_or_none_at_all_is_a_400_at_once(client, platform, position):
    platform.journal.position = 60
    response = await read(client, **{"Daybook-Min-Position": position})
    assert (response.status_code, response.json()["code"]) == (400, "position_unknown")


async def test_a_write_through_this_process_is_waited_for_also_on_streams_of_others(client, platform, monkeypatch):
    monkeypatch.setattr("api.kit.freshness.DEFAULT_WAIT_SECONDS", 0.1)
    await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice"))
    assert (await read(client)).json() == {"seen": 0, "behind": True}
    assert (await client.get("/v1/reads", headers=bearer("bob"))).json() == {"seen": 0, "behind": False}


async def test_a_hundred_waiting_readers_share_one_poller(client, platform, monkeypatch):
    monkeypatch.setattr("api.kit.freshness.DEFAULT_WAIT_SECONDS", 0.3)
    platform.journal.positions[ALICE] = 50
    await asyncio.gather(*(read(client) for _ in range(60)))
    assert platform.positions.asked < 100


async def test_models_that_have_seen_enough_are_not_asked_again(client, platform):
    platform.positions.now = {"things": 50}
    for _ in range(10):
        await read(client)
    assert platform.positions.asked == 1
