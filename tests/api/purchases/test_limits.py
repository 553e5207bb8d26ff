"""How much may be bought a day, counted by a real Redis."""

import pytest

from tests.support.api_house import open_house
from tests.support.api_words import key, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/credits/purchases"


async def buy(house, person, package="starter", **headers):
    return await house.client.post(PATH, json={"package": package}, headers={**person.headers, **headers})


async def test_purchases_and_subscriptions_count_refusals_and_replays_do_not(database_url, redis_url, tmp_path):
    async with open_house(database_url, redis_url, tmp_path, DAYBOOK_RATE_LIMITS="purchases=2/86400") as house:
        person = await house.person(credits=0)
        problem(await buy(house, person, "nothing"), 422, "package_not_found")
        headers = {"Idempotency-Key": key()}
        assert (await buy(house, person, **headers)).status_code == 201
        assert (await buy(house, person, **headers)).headers["idempotency-replayed"] == "true"
        assert (await buy(house, person)).status_code == 201
        assert problem(await buy(house, person), 429, "rate_limited")["bucket"] == "purchases"
