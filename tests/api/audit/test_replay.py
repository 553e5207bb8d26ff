"""GET /v1/audit/accounts/{id}/replay"""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def auditor(house):
    return await house.person("auditor")


@pytest_asyncio.fixture(loop_scope="module")
async def person(house):
    """Somebody with a charge and an open hold."""
    person = await house.person(credits=25)
    await house.finished(person)
    await house.client.post("/v1/generations", json=CAT, headers=person.headers)
    return person


async def replayed(house, auditor, person, **params):
    return await house.client.get(f"/v1/audit/accounts/{person.account_id}/replay", params=params, headers=auditor.headers)


async def test_each_entry_stands_with_the_balances_after_it(house, auditor, person):
    answer = (await replayed(house, auditor, person)).json()
    told = [(row["type"], row["available_after"], row["held_after"], row["owed_after"]) for row in answer["data"]]
    assert told == [
        ("credits.granted", 25, 0, 0),
        ("credits.held", 20, 5, 0),
        ("credits.hold_captured", 20, 0, 0),
        ("credits.held", 15, 5, 0),
    ]
    assert answer["next_cursor"] is None
    assert {name: answer["balance"][name] for name in ("available", "held", "owed")} == {"available": 15, "held": 5, "owed": 0}


async def test_pages_carry_the_balances_on_and_tell_of_one_book(house, auditor, person):
    whole = (await replayed(house, auditor, person)).json()
    page = (await replayed(house, auditor, person, limit=1)).json()
    rows = page["data"]
    # What comes meanwhile is not part of the book that the first page has begun.
    await house.client.post("/v1/generations", json=CAT, headers=person.headers)
    while page["next_cursor"]:
        page = (await replayed(house, auditor, person, limit=1, cursor=page["next_cursor"])).json()
        rows += page["data"]
        assert page["balance"]["available"] == 15
    assert rows == whole["data"]


async def test_a_point_of_the_past_gives_the_balance_of_then(house, auditor, person):
    rows = (await replayed(house, auditor, person)).json()["data"]
    for number, row in enumerate(rows):
        for point in ({"as_of_position": row["position"]}, {"as_of": row["recorded_at"]}, {"as_of_effective": row["effective_at"]}):
            answer = (await replayed(house, auditor, person, **point)).json()
            assert answer["data"] == rows[: number + 1]
            assert answer["balance"]["available"] == row["available_after"]
            mine = (await house.client.get("/v1/credits/balance", params=point, headers=person.headers)).json()
            assert (mine["available"], mine["held"]) == (row["available_after"], row["held_after"])


async def test_out_of_range_is_an_error_never_zero(house, auditor, person):
    opened = (await replayed(house, auditor, person)).json()["data"][0]["position"] - 1
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for wrong in (
        {"as_of_position": opened - 1},
        {"as_of_position": await house.platform.journal.head() + 1},
        {"as_of": later},
        {"as_of_effective": later},
        {"as_of": "2001-01-01T00:00:00Z"},
        {"as_of_effective": "2001-01-01T00:00:00Z"},
    ):
        problem(await replayed(house, auditor, person, **wrong), 422, "as_of_out_of_range")
    assert (await replayed(house, auditor, person, as_of_position=opened)).json()["balance"]["available"] == 0
    problem(await replayed(house, auditor, person, as_of_position=opened, as_of=later), 422, "validation_failed")


async def test_who_has_no_book_is_not_found(house, auditor):
    answer = await house.client.get(f"/v1/audit/accounts/{house.platform.ids.new()}/replay", headers=auditor.headers)
    problem(answer, 404, "credit_account_not_found")
