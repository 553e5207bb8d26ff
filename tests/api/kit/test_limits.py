"""How requests are counted and what the client is told."""

import pytest

from api.kit.limits import Limits, parsed
from tests.api.kit.tiny import TINY
from tests.support.api_world import ALICE, BOB, FakeCredentials, bearer, fake_platform, principal, served


def world(**limits: str):
    return fake_platform(rate_limits=limits)


async def test_the_headers_name_every_bucket_and_the_one_with_least_left():
    async with served(TINY, world()) as client:
        response = await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice"))
    assert response.headers["ratelimit-policy"] == '"api";q=1000;w=60, "generations";q=300;w=3600'
    assert response.headers["ratelimit"].startswith('"generations";r=299;t=')


async def test_one_more_than_the_limit_is_a_429_that_says_when():
    async with served(TINY, world(anonymous="2/60")) as client:
        allowed = [(await client.get("/v1/big")).status_code for _ in range(2)]
        response = await client.get("/v1/big")
    assert allowed == [200, 200]
    assert (response.status_code, response.json()["code"], response.json()["bucket"]) == (429, "rate_limited", "anonymous")
    assert 1 <= int(response.headers["retry-after"]) <= 62
    assert response.headers["ratelimit"].startswith('"anonymous";r=0;t=')


async def test_after_the_time_it_named_it_passes_again():
    platform = world(anonymous="1/60")
    async with served(TINY, platform) as client:
        await client.get("/v1/big")
        wait = int((await client.get("/v1/big")).headers["retry-after"])
        platform.limiter.milliseconds = (wait - 3) * 1000
        assert (await client.get("/v1/big")).status_code == 429
        platform.limiter.milliseconds = wait * 1000
        assert (await client.get("/v1/big")).status_code == 200


async def test_an_account_is_counted_apart_from_its_address_and_from_others():
    async with served(TINY, world(anonymous="1/60", api="1/60")) as client:
        statuses = [(await client.get("/v1/big", headers=headers)).status_code for headers in ({}, bearer("alice"), bearer("bob"), {})]
    assert statuses == [200, 200, 200, 429]


async def test_refused_credentials_count_against_the_address():
    async with served(TINY, world(anonymous="2/60")) as client:
        statuses = [(await client.get("/v1/things", headers=bearer("nobody"))).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]


async def test_refused_requests_count_in_the_base_bucket_only():
    async with served(TINY, world(generations="1/3600", api="5/60")) as client:
        for body in ({"name": "refused"}, {"name": 5}, {"name": "poor"}):
            assert (await client.post("/v1/things", json=body, headers=bearer("alice"))).status_code in (402, 422)
        assert (await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice"))).status_code == 202
        last = await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice"))
        over = await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice"))
    assert (last.json()["bucket"], over.json()["bucket"]) == ("generations", "generations")


async def test_a_refused_request_takes_nothing_from_any_bucket():
    async with served(TINY, world(generations="1/3600", api="3/60")) as client:
        for _ in range(10):
            await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice"))
        assert (await client.get("/v1/things", headers=bearer("alice"))).status_code == 200


async def test_a_replay_is_answered_over_the_limit_and_counts_in_the_base_bucket_only():
    platform = world(generations="2/3600")
    headers = bearer("alice", **{"Idempotency-Key": "k"})
    async with served(TINY, platform) as client:
        for _ in range(4):
            assert (await client.post("/v1/things", json={"name": "x"}, headers=headers)).status_code == 202
        assert (await client.post("/v1/things", json={"name": "y"}, headers=bearer("alice"))).status_code == 202
        assert (await client.post("/v1/things", json={"name": "z"}, headers=bearer("alice"))).status_code == 429
        replay = await client.post("/v1/things", json={"name": "x"}, headers=headers)
    assert (replay.status_code, replay.headers["idempotency-replayed"]) == (202, "true")


async def test_a_batch_counts_its_items_and_passes_or_fails_whole():
    async with served(TINY, world(generations="5/3600")) as client:
        statuses = []
        for items in (3, 3, 2):
            response = await client.post("/v1/batches", json={"items": [1] * items}, headers=bearer("alice"))
            statuses.append(response.status_code)
    assert statuses == [201, 429, 201]


async def test_only_failed_logins_count():
    async with served(TINY, world(auth="2/3600")) as client:
        right = [(await client.post("/v1/login", json={"name": "right"})).status_code for _ in range(5)]
        wrong = [(await client.post("/v1/login", json={"name": "wrong"})).status_code for _ in range(3)]
    assert (right, wrong) == ([200] * 5, [422, 422, 429])


async def test_an_account_may_have_limits_of_its_own():
    credentials = FakeCredentials({"alice": principal(ALICE, limits={"generations": "1/60"}), "bob": principal(BOB)})
    async with served(TINY, fake_platform(credentials=credentials)) as client:
        statuses = [
            (await client.post("/v1/things", json={"name": "x"}, headers=bearer(token))).status_code
            for token in ("alice", "alice", "bob", "bob")
        ]
    assert statuses == [202, 429, 202, 202]


async def test_what_is_free_is_not_counted():
    async with served(TINY, world(anonymous="1/60")) as client:
        assert [(await client.get("/v1/free")).status_code for _ in range(5)] == [200] * 5
        assert [(await client.options("/v1/big")).status_code for _ in range(5)] == [204] * 5


async def test_limits_can_be_switched_off():
    async with served(TINY, fake_platform(limits_off=True, rate_limits={"anonymous": "1/60"})) as client:
        responses = [await client.get("/v1/big") for _ in range(3)]
    assert [response.status_code for response in responses] == [200] * 3
    assert "ratelimit" not in responses[0].headers


async def test_the_account_behind_a_trusted_proxy_is_the_address_it_reports():
    platform = fake_platform(rate_limits={"anonymous": "1/60"}, trusted_proxies=("127.0.0.0/8",))
    async with served(TINY, platform) as client:
        statuses = [
            (await client.get("/v1/big", headers={"X-Forwarded-For": address})).status_code
            for address in ("192.0.2.1", "192.0.2.2", "198.51.100.9, 192.0.2.1", "2001:db8::1", "2001:db8::ffff")
        ]
    assert statuses == [200, 200, 429, 200, 429]


async def test_without_a_trusted_proxy_nobody_may_choose_his_address():
    async with served(TINY, world(anonymous="1/60")) as client:
        statuses = [(await client.get("/v1/big", headers={"X-Forwarded-For": f"192.0.2.{n}"})).status_code for n in range(2)]
    assert statuses == [200, 429]


@pytest.mark.parametrize("limit", ["", "10", "10/", "0/60", "10/0", "-1/60", "a/b"])
def test_a_limit_is_a_count_and_seconds(limit):
    with pytest.raises(ValueError):
        parsed(limit)


def test_an_unknown_bucket_stops_the_start():
    with pytest.raises(ValueError, match="unknown rate limit: generation; known are anonymous"):
        Limits(world(generation="1/60"))
