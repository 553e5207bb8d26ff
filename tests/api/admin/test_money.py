"""POST /v1/admin/accounts/{id}/grants, /v1/admin/charges/{id}/refund"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.api_words import CAT, key, problem, same_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def grant(house, operator, person, headers=None, **fields):
    path = f"/v1/admin/accounts/{person.account_id}/grants"
    body = {"amount": 10, "reason": "test", **fields}
    return await house.client.post(path, json=body, headers={**operator.headers, **(headers or {})})


async def refund(house, operator, generation_id, headers=None, **fields):
    body = {"reason": "blurred", **fields}
    return await house.client.post(f"/v1/admin/charges/{generation_id}/refund", json=body, headers={**operator.headers, **(headers or {})})


async def available(house, person):
    return (await house.client.get("/v1/credits/balance", headers=person.headers)).json()["available"]


async def test_a_grant_can_be_spent_at_once(house, operator):
    person = await house.person(credits=0)
    soon = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    answer = await grant(house, operator, person, source="goodwill", priority=-1, expires_at=soon.isoformat())
    assert answer.status_code == 201
    made = answer.json()
    assert (made["account_id"], made["amount"], made["source"], made["priority"]) == (str(person.account_id), 10, "goodwill", -1)
    assert (made["reason"], made["expires_at"]) == ("test", soon.strftime("%Y-%m-%dT%H:%M:%S.000000Z"))
    assert made["position"] == int(answer.headers["daybook-position"])
    assert await available(house, person) == 10


async def test_a_repeated_grant_grants_once(house, operator):
    person, name = await house.person(credits=0), {"Idempotency-Key": key()}
    first, second = [await grant(house, operator, person, name) for _ in range(2)]
    assert same_answer(first, second)
    assert await available(house, person) == 10
    problem(await grant(house, operator, person, name, amount=11), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    "fields",
    [{"amount": 0}, {"amount": -5}, {"amount": 10**9 + 1}, {"amount": 1.5}, {"reason": ""}, {"source": "welcome"}, {"priority": 101}],
)
async def test_grants_that_make_no_sense_are_refused(house, operator, alice, fields):
    problem(await grant(house, operator, alice, **fields), 422, "validation_failed")


async def test_a_grant_that_has_expired_is_refused(house, operator, alice):
    problem(await grant(house, operator, alice, expires_at="2020-01-01T00:00:00Z"), 422, "expiry_passed")


async def test_a_refund_is_a_new_grant_and_never_more_than_the_charge(house, operator):
    person = await house.person(credits=5)
    generation_id, _ = await house.finished(person)
    part = await refund(house, operator, generation_id, amount=2)
    assert part.status_code == 201
    assert (part.json()["amount"], part.json()["charge_id"], part.json()["account_id"]) == (
        2, str(generation_id), str(person.account_id),
    )  # fmt: skip
    document = problem(await refund(house, operator, generation_id, amount=4), 409, "refund_exceeds_charge")
    assert (document["asked"], document["left"]) == (4, 3)
    rest = await refund(house, operator, generation_id)
    assert rest.json()["amount"] == 3
    assert await available(house, person) == 5
    shown = (await house.client.get(f"/v1/generations/{generation_id}", headers=person.headers)).json()
    assert (shown["credits"]["charged"], shown["credits"]["refunded"]) == (5, 5)


async def test_the_charge_of_a_deleted_generation_can_still_be_refunded(house, operator):
    person = await house.person(credits=5)
    generation_id, _ = await house.finished(person)
    assert (await house.client.delete(f"/v1/generations/{generation_id}", headers=person.headers)).status_code == 204
    assert (await refund(house, operator, generation_id)).status_code == 201
    assert await available(house, person) == 5
    problem(await house.client.get(f"/v1/generations/{generation_id}", headers=person.headers), 404, "generation_not_found")


async def test_a_repeated_refund_refunds_once(house, operator):
    person, name = await house.person(credits=5), {"Idempotency-Key": key()}
    generation_id, _ = await house.finished(person)
    first, second = [await refund(house, operator, generation_id, name) for _ in range(2)]
    assert same_answer(first, second)
    assert await available(house, person) == 5


async def test_what_was_never_charged_cannot_be_refunded(house, operator, alice):
    open_ = (await house.client.post("/v1/generations", json=CAT, headers=alice.headers)).json()["id"]
    problem(await refund(house, operator, open_), 409, "nothing_to_refund")
    problem(await refund(house, operator, house.platform.ids.new()), 404, "generation_not_found")
