"""`POST /v1/generations/batch`: all or nothing, one position, its items counted."""

import pytest

from tests.support.api_house import open_house
from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


def keyed(person, key: str) -> dict[str, str]:
    return {**person.headers, "Idempotency-Key": key}


async def test_a_batch_is_accepted_whole_at_one_position(house):
    person = await house.person(credits=100)
    body = {"generations": [CAT, {**CAT, "prompt": "a dog", "params": {**CAT["params"], "count": 2}}]}
    answer = await house.client.post("/v1/generations/batch", json=body, headers=keyed(person, "one"))
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    assert [each["prompt"] for each in batch["generations"]] == [CAT["prompt"], "a dog"]
    assert {each["batch_id"] for each in batch["generations"]} == {batch["id"]}
    assert [each["credits"]["held"] for each in batch["generations"]] == [5, 10]
    again = await house.client.post("/v1/generations/batch", json=body, headers=keyed(person, "one"))
    assert again.content == answer.content
    assert again.headers["idempotency-replayed"] == "true"
    listed = await house.client.get("/v1/generations", headers=person.headers)
    assert {each["batch_id"] for each in listed.json()["data"]} == {batch["id"]}
    balance = (await house.client.get("/v1/credits/balance", headers=person.headers)).json()
    assert (balance["available"], balance["held"]) == (85, 15)


async def test_credits_that_do_not_suffice_for_all_pay_for_none(house):
    person = await house.person(credits=14)
    answer = await house.client.post("/v1/generations/batch", json={"generations": [CAT] * 3}, headers=person.headers)
    missing = problem(answer, 402, "insufficient_credits")
    assert (missing["required"], missing["available"], missing["missing"]) == (15, 14, 1)
    assert (await house.client.get("/v1/generations", headers=person.headers)).json()["data"] == []
    assert (await house.client.get("/v1/credits/balance", headers=person.headers)).json()["available"] == 14


async def test_a_fault_names_its_item(house):
    person = await house.person(credits=100)
    body = {"generations": [CAT, {**CAT, "params": {"size": "1x1"}}]}
    answer = await house.client.post("/v1/generations/batch", json=body, headers=person.headers)
    assert problem(answer, 422, "params_refused")["errors"][0]["pointer"] == "/generations/1/params/size"


async def test_an_empty_batch_and_one_too_long_are_refused(house):
    person = await house.person(credits=1_000)
    for generations in ([], [CAT] * 101):
        answer = await house.client.post("/v1/generations/batch", json={"generations": generations}, headers=person.headers)
        assert problem(answer, 422, "validation_failed")["errors"][0]["pointer"] == "/generations"


async def test_a_batch_counts_its_items_and_fails_whole(database_url, redis_url, database_folder):
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="generations=5/3600") as house:
        person = await house.person(credits=100)
        for asked, status in ((3, 202), (3, 429), (2, 202), (1, 429)):
            answer = await house.client.post("/v1/generations/batch", json={"generations": [CAT] * asked}, headers=person.headers)
            assert answer.status_code == status
        assert problem(answer, 429, "rate_limited")["bucket"] == "generations"
