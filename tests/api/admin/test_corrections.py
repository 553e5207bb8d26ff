"""POST /v1/admin/accounts/{id}/adjustments, POST /v1/admin/accounts/{id}/grants/{grant_id}/revoke, and grants that count from before"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.api_words import CAT, key, problem, same_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def send(house, operator, person, what, body, headers=None):
    path = f"/v1/admin/accounts/{person.account_id}/{what}"
    return await house.client.post(path, json=body, headers={**operator.headers, **(headers or {})})


async def adjust(house, operator, person, amount, headers=None):
    return await send(house, operator, person, "adjustments", {"amount": amount, "reason": "miscounted"}, headers)


async def balance(house, person, **query):
    return (await house.client.get("/v1/credits/balance", params=query, headers=person.headers)).json()


async def history(house, person):
    return (await house.client.get("/v1/credits/history", headers=person.headers)).json()["data"]


async def test_a_correction_upwards_is_a_grant(house, operator):
    person = await house.person(credits=0)
    answer = await adjust(house, operator, person, 7)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["amount"], made["given"], made["taken"], made["owed"], made["reason"]) == (7, 7, 0, 0, "miscounted")
    assert made["position"] == int(answer.headers["daybook-position"])
    assert (await balance(house, person))["available"] == 7
    assert (await history(house, person))[0]["type"] == "grant"


async def test_a_correction_downwards_takes_what_is_there_and_the_rest_is_owed_until_credits_come(house, operator):
    person = await house.person(credits=5)
    made = (await adjust(house, operator, person, -8)).json()
    assert (made["amount"], made["given"], made["taken"], made["owed"]) == (-8, 0, 5, 3)
    now = await balance(house, person)
    assert (now["available"], now["owed"], now["lifetime"]["revoked"]) == (0, -3, 8)
    document = problem(await house.client.post("/v1/generations", json=CAT, headers=person.headers), 402, "debt_outstanding")
    assert document["owed"] == 3
    grant = await send(house, operator, person, "grants", {"amount": 10, "reason": "paid"})
    assert (grant.status_code, grant.json()["amount"]) == (201, 10)
    assert grant.json()["position"] == int(grant.headers["daybook-position"])
    now = await balance(house, person)
    assert (now["available"], now["owed"]) == (7, 0)
    entries = await history(house, person)
    assert [(entry["type"], entry["amount"]) for entry in entries[:4]] == [
        ("debt_payment", 3),
        ("grant", 10),
        ("debt", 3),
        ("adjustment", 5),
    ]
    assert [entry["owed_after"] for entry in entries[:4]] == [0, -3, -3, 0]
    assert [entry["memo"] for entry in entries[:4]] == [None, "paid", "miscounted", "miscounted"]


async def test_a_repeated_correction_corrects_once(house, operator):
    person, name = await house.person(credits=5), {"Idempotency-Key": key()}
    first, second = [await adjust(house, operator, person, -2, name) for _ in range(2)]
    assert same_answer(first, second)
    assert (await balance(house, person))["available"] == 3


@pytest.mark.parametrize("amount", [0, 10**9 + 1, -(10**9) - 1, 1.5])
async def test_corrections_that_make_no_sense_are_refused(house, operator, alice, amount):
    problem(await adjust(house, operator, alice, amount), 422, "adjustment_invalid" if amount == 0 else "validation_failed")


async def test_a_revoked_grant_goes_what_is_held_of_it_when_the_hold_ends(house, operator):
    person = await house.person(credits=0)
    grant_id = (await send(house, operator, person, "grants", {"amount": 12, "reason": "test"})).json()["id"]
    submitted = await house.client.post("/v1/generations", json=CAT, headers=person.headers)
    answer = await send(house, operator, person, f"grants/{grant_id}/revoke", {"reason": "fraud"})
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in ("grant_id", "taken", "deferred", "reason")} == {
        "grant_id": grant_id, "taken": 7, "deferred": 5, "reason": "fraud",
    }  # fmt: skip
    now = await balance(house, person)
    assert (now["available"], now["held"]) == (0, 5)
    await house.client.post(f"/v1/generations/{submitted.json()['id']}/cancel", headers=person.headers)
    now = await balance(house, person)
    assert (now["available"], now["held"], now["owed"], now["lifetime"]["revoked"]) == (0, 0, 0, 12)
    problem(await send(house, operator, person, f"grants/{grant_id}/revoke", {"reason": "fraud"}), 409, "grant_not_live")


async def test_a_grant_may_count_from_before_but_what_was_recorded_stays_as_it_was(house, operator):
    person = await house.person(credits=0)
    opened = datetime.now(UTC)
    for away in (timedelta(hours=1), timedelta(hours=-1), timedelta(days=-400)):
        body = {"amount": 1, "reason": "late", "effective_at": (opened + away).isoformat()}
        problem(await send(house, operator, person, "grants", body), 422, "effective_time_refused")
    answers = [await balance(house, person, as_of=opened.isoformat()), await balance(house, person, as_of_effective=opened.isoformat())]
    assert [answer["available"] for answer in answers] == [0, 0]
    body = {"amount": 4, "reason": "late", "effective_at": opened.isoformat()}
    made = (await send(house, operator, person, "grants", body)).json()
    assert made["effective_at"] < made["created_at"]
    assert await balance(house, person, as_of=opened.isoformat()) == answers[0]
    assert await balance(house, person, as_of_position=made["position"] - 1) == answers[0]
    assert (await balance(house, person, as_of_effective=opened.isoformat()))["available"] == 4
    early = (opened - timedelta(days=1)).isoformat()
    for asked in ("as_of", "as_of_effective"):
        refused = await house.client.get("/v1/credits/balance", params={asked: early}, headers=person.headers)
        problem(refused, 422, "as_of_out_of_range")
