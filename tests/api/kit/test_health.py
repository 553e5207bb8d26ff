"""What an operator and a load balancer ask."""

import asyncio

import pytest

from api.routes import ROUTES
from tests.support.api_world import bearer, fake_platform, served


async def fine() -> None:
    return None


async def away() -> None:
    raise ConnectionRefusedError("redis://:secret@10.0.0.1")


async def hangs() -> None:
    await asyncio.sleep(60)


async def ready(**checks):
    platform = fake_platform(checks=checks)
    platform.journal.position = 10
    platform.positions.now = {"balances": 7, "generations": 10}
    async with served(ROUTES, platform) as client:
        return await client.get("/health/ready")


async def test_live_says_only_that_the_process_is_there():
    async with served(ROUTES, fake_platform(checks={"postgresql": away})) as client:
        response = await client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready_names_each_dependency_and_the_lag_of_each_read_model():
    response = await ready(postgresql=fine, redis=fine)
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert response.json()["dependencies"]["redis"] == {"status": "ok", "vital": False, "error": None}
    assert response.json()["lag"] == {"balances": 3, "generations": 0}


@pytest.mark.parametrize("check", [away, hangs])
async def test_without_redis_or_store_it_is_degraded_but_ready(monkeypatch, check):
    monkeypatch.setattr("api.health.CHECK_SECONDS", 0.1)
    response = await ready(postgresql=fine, redis=check)
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["dependencies"]["redis"]["status"] == "down"
    assert "secret" not in response.text


@pytest.mark.parametrize("vital", ["postgresql", "migrations"])
async def test_without_the_database_it_is_not_ready(vital):
    response = await ready(**{vital: away})
    assert (response.status_code, response.json()["status"], response.headers["retry-after"]) == (503, "unavailable", "1")


async def test_health_counts_in_no_limit():
    async with served(ROUTES, fake_platform(rate_limits={"anonymous": "1/60"})) as client:
        assert [(await client.get("/health/live")).status_code for _ in range(3)] == [200] * 3


async def test_metrics_are_open_to_this_machine():
    async with served(ROUTES, fake_platform()) as client:
        response = await client.get("/metrics")
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, "text/plain")


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [(None, {}, 401), (None, bearer("None"), 401), ("m3", {}, 401), ("m3", bearer("other"), 401), ("m3", bearer("m3"), 200)],
)
async def test_from_elsewhere_metrics_need_their_token(monkeypatch, token, headers, status):
    monkeypatch.setattr("api.health.is_loopback", lambda peer: False)
    async with served(ROUTES, fake_platform(metrics_token=token)) as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For"])
async def test_through_a_proxy_on_this_machine_metrics_need_their_token(header):
    async with served(ROUTES, fake_platform(metrics_token="m3")) as client:
        assert (await client.get("/metrics", headers={header: "for=192.0.2.1"})).status_code == 401
        assert (await client.get("/metrics", headers={header: "for=192.0.2.1", **bearer("m3")})).status_code == 200


async def test_meta_says_release_features_and_limits():
    async with served(ROUTES, fake_platform(features=("image",), rate_limits={"api": "6000/60"})) as client:
        meta = (await client.get("/v1/meta")).json()
    assert (meta["version"], meta["features"], meta["rate_limits"]["api"]) == ("0.0.0", ["image"], "6000/60")
    assert meta["limits"]["body_bytes_max"] == 1 << 20
