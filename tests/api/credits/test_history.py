"""GET /v1/credits/history"""

import pytest

from tests.support.api_words import CAT

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def history(house, person, **params):
    answer = await house.client.get("/v1/credits/history", params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_book_shows_every_entry_with_the_balances_after_it(house, operator):
    person = await house.person(credits=25)
    generation_id, _ = await house.finished(person)
    refund = await house.client.post(
        f"/v1/admin/charges/{generation_id}/refund", json={"reason": "blurred", "amount": 2}, headers=operator.headers
    )
    assert refund.status_code == 201
    rows = (await history(house, person))["data"]
    assert [(row["type"], row["amount"], row["available_after"], row["held_after"]) for row in rows] == [
        ("refund", 2, 22, 0),
        ("capture", 5, 20, 0),
        ("hold", 5, 20, 5),
        ("grant", 25, 25, 0),
    ]
    refunded, captured, held, granted = rows
    assert (refunded["refunds_charge_id"], refunded["memo"]) == (str(generation_id), "blurred")
    assert (captured["charge_id"], held["generation_id"]) == (str(generation_id), str(generation_id))
    assert captured["grants"] == [{"id": granted["grants"][0]["id"], "amount": 5}]
    assert all(row["recorded_at"].endswith("Z") and row["order_id"] is None for row in rows)


async def test_types_can_be_chosen_and_pages_turned(house):
    person = await house.person(credits=50)
    for _ in range(4):
        await house.client.post("/v1/generations", json=CAT, headers=person.headers)
    assert [row["type"] for row in (await history(house, person, type="grant"))["data"]] == ["grant"]
    first = await history(house, person, type=["hold", "capture"], limit=3)
    rest = await history(house, person, type=["hold", "capture"], limit=3, cursor=first["next_cursor"])
    assert [row["type"] for row in first["data"] + rest["data"]] == ["hold"] * 4
    assert rest["next_cursor"] is None
    everything = (await history(house, person, order="asc"))["data"]
    assert [row["position"] for row in everything] == sorted(row["position"] for row in everything)


async def test_each_sees_only_his_own_book(house, alice):
    person = await house.person(credits=0)
    assert (await history(house, person))["data"] == []
    assert len((await history(house, alice))["data"]) == 1
