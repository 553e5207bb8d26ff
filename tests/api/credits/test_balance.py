"""GET /v1/credits/balance, now and as of a point"""

from datetime import UTC, datetime, timedelta

import pytest

from projections.kernel import reader
from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def balance(house, person, **params):
    return await house.client.get("/v1/credits/balance", params=params, headers=person.headers)


async def submit(house, person):
    return await house.client.post("/v1/generations", json=CAT, headers=person.headers)


async def grant(house, operator, person, **fields):
    path = f"/v1/admin/accounts/{person.account_id}/grants"
    return await house.client.post(path, json={"amount": 10, "reason": "test", **fields}, headers=operator.headers)


async def test_a_balance_says_what_can_be_spent_what_is_held_and_what_lapses(house, operator):
    person = await house.person(credits=25)
    soon = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    for amount in (10, 5):
        await grant(house, operator, person, amount=amount, expires_at=soon.isoformat())
    await house.finished(person)
    accepted = await submit(house, person)
    answer = await balance(house, person)
    assert answer.json() == {
        "available": 30,
        "held": 5,
        "owed": 0,
        "expiring": [{"amount": 5, "expires_at": soon.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}],
        "lifetime": {"granted": 40, "spent": 5, "refunded": 0, "expired": 0, "revoked": 0},
        "position": int(accepted.headers["daybook-position"]) - 1,
    }
    assert int(answer.headers["daybook-position"]) >= int(accepted.headers["daybook-position"])


async def test_the_balance_after_a_submit_shows_the_hold_every_time(house):
    person = await house.person(credits=100)
    for number in range(1, 6):
        await submit(house, person)
        assert (await balance(house, person)).json()["held"] == 5 * number


@pytest.mark.parametrize("page", [1, 3, reader.PAGE_EVENTS])
async def test_every_earlier_answer_stays_true_however_the_history_is_read(house, operator, monkeypatch, page):
    monkeypatch.setattr(reader, "PAGE_EVENTS", page)
    person = await house.person(credits=25)
    seen = []
    for step in (submit, submit, lambda house, person: grant(house, operator, person)):
        await step(house, person)
        seen.append(((await balance(house, person)).json(), datetime.now(UTC)))
    for shown, moment in seen:
        assert (await balance(house, person, as_of_position=shown["position"])).json() == shown
        assert (await balance(house, person, as_of=moment.isoformat())).json() == shown
        assert (await balance(house, person, as_of_effective=moment.isoformat())).json() == shown


async def test_a_point_that_is_not_known_is_an_error_never_zero(house):
    person = await house.person()
    opened = (await balance(house, person)).json()["position"]
    head = await house.platform.journal.head()
    for params in (
        {"as_of_position": head + 1},
        {"as_of_position": opened - 2},
        {"as_of": (datetime.now(UTC) + timedelta(hours=1)).isoformat()},
        {"as_of": "2020-01-01T00:00:00Z"},
        {"as_of_effective": "2020-01-01T00:00:00Z"},
    ):
        document = problem(await balance(house, person, **params), 422, "as_of_out_of_range")
        assert document["errors"][0]["pointer"] == "/" + next(iter(params))


@pytest.mark.parametrize(
    "params",
    [
        {"as_of_position": 1, "as_of": "2026-01-01T00:00:00Z"},
        {"as_of": "yesterday"},
        {"as_of": "2026-01-01T00:00:00"},
        {"as_of_position": 0},
        {"as_of_position": -1},
        {"currency": "EUR"},
    ],
)
async def test_questions_that_make_no_sense_are_refused(house, alice, params):
    problem(await balance(house, alice, **params), 422, "validation_failed")


async def test_a_position_beyond_the_log_is_no_position(house, alice):
    for value in ("x", str(2**60), "999999999"):
        answer = await house.client.get("/v1/credits/balance", headers={**alice.headers, "Daybook-Min-Position": value})
        problem(answer, 400, "position_unknown")


async def test_a_reader_needs_the_scope(house, alice):
    _, headers = await house.api_token(alice, "generations:read")
    problem(await house.client.get("/v1/credits/balance", headers=headers), 403, "scope_missing")
