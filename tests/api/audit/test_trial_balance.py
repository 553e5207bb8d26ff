"""GET /v1/audit/trial-balance"""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from api import audit
from projections.log import trial_balance
from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")
SIDES = ("available", "held", "owed", "outside")


@pytest_asyncio.fixture(loop_scope="module")
async def auditor(house):
    return await house.person("auditor")


async def balance(house, auditor, **params):
    answer = await house.client.get("/v1/audit/trial-balance", params=params, headers=auditor.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_books_sum_to_zero_and_agree_with_the_balances(house, auditor, operator):
    before = {book["book"]: book for book in (await balance(house, auditor))["books"]}
    person = await house.person(credits=25)
    await house.finished(person)
    await house.client.post("/v1/generations", json=CAT, headers=person.headers)
    grant = {"amount": 7, "reason": "test", "source": "goodwill"}
    await house.client.post(f"/v1/admin/accounts/{person.account_id}/grants", json=grant, headers=operator.headers)
    told = await balance(house, auditor)
    assert told["balanced"] is True
    assert told["totals"]["sum"] == 0
    assert [sum(book[side] for side in SIDES) for book in told["books"]] == [0] * len(told["books"])
    after = {book["book"]: book for book in told["books"]}
    moved = {name: book["outside"] - before.get(name, {"outside": 0})["outside"] for name, book in after.items()}
    assert {name: amount for name, amount in moved.items() if amount} == {
        "issued:goodwill": -7,
        "issued:welcome": -25,
        "revenue:image": 5,
    }
    async with house.platform.reads.connection() as connection:
        sums = await (await connection.execute("SELECT sum(available)::bigint, sum(held)::bigint FROM journal.events")).fetchone()
    assert (told["totals"]["available"], told["totals"]["held"]) == sums


async def test_slices_are_added_up(house, auditor, monkeypatch):
    whole = await balance(house, auditor)
    for module in (trial_balance, audit):
        monkeypatch.setattr(module, "SLICE_POSITIONS", 3)
    assert await balance(house, auditor) == whole


async def test_an_earlier_point_gives_what_was_true_then(house, auditor):
    person = await house.person(credits=25)
    then = await balance(house, auditor)
    moment = datetime.now(UTC).isoformat()
    await house.finished(person)
    assert await balance(house, auditor) != then
    assert await balance(house, auditor, as_of_position=then["position"]) == then
    assert await balance(house, auditor, as_of=moment) == then
    by_effect = await balance(house, auditor, as_of_effective=moment)
    assert {**by_effect, "position": 0} == {**then, "position": 0}
    early = await balance(house, auditor, as_of_position=1)
    assert (early["entries"], early["books"], early["balanced"]) == (0, [], True)


async def test_out_of_range_is_an_error(house, auditor):
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    beyond = await house.platform.journal.head() + 1
    for wrong in ({"as_of_position": beyond}, {"as_of": later}, {"as_of_effective": later}, {"as_of": "2001-01-01T00:00:00Z"}):
        answer = await house.client.get("/v1/audit/trial-balance", params=wrong, headers=auditor.headers)
        problem(answer, 422, "as_of_out_of_range")
    answer = await house.client.get("/v1/audit/trial-balance", params={"as_of": later, "as_of_position": 1}, headers=auditor.headers)
    problem(answer, 422, "validation_failed")


async def test_only_auditors_see_it(house, operator):
    problem(await house.client.get("/v1/audit/trial-balance", headers=operator.headers), 403, "role_missing")
