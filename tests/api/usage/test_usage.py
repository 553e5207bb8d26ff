"""GET /v1/me/usage, /v1/me/statistics, /v1/models"""

from datetime import UTC, datetime

import pytest

from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_usage_by_day_kind_and_model(house):
    person = await house.person()
    await house.finished(person)
    made = (await house.client.post("/v1/generations", json=CAT, headers=person.headers)).json()
    await house.client.post(f"/v1/generations/{made['id']}/cancel", headers=person.headers)
    counts = {"requested": 2, "succeeded": 1, "failed": 0, "canceled": 1, "spent": 5, "refunded": 0}
    names = {"day": datetime.now(UTC).date().isoformat(), "kind": "image", "model": "builtin/sketch-1"}
    for group, name in names.items():
        shown = (await house.client.get("/v1/me/usage", params={"group_by": group}, headers=person.headers)).json()
        assert shown["group_by"] == group
        assert shown["data"] == [{**dict.fromkeys(names), group: name, **counts}]


async def test_the_days_asked_for_are_half_open(house):
    person = await house.person()
    await house.finished(person)
    today = datetime.now(UTC).date().isoformat()
    params = {"from": "2026-01-01", "to": today}
    shown = (await house.client.get("/v1/me/usage", params=params, headers=person.headers)).json()
    assert (shown["from"], shown["to"], shown["data"]) == ("2026-01-01", today, [])


@pytest.mark.parametrize(
    "query", ["from=2026-01-02&to=2026-01-02", "from=2020-01-01&to=2026-01-01", "from=x", "group_by=hour", "to=0001-01-01", "day=1"]
)
async def test_days_that_make_no_sense_are_refused(house, alice, query):
    problem(await house.client.get(f"/v1/me/usage?{query}", headers=alice.headers), 422, "validation_failed")


async def test_statistics_of_somebody_new_are_all_zero(house):
    person = await house.person()
    assert (await house.client.get("/v1/me/statistics", headers=person.headers)).json() == {
        "generations": 0,
        "by_status": dict.fromkeys(("canceled", "failed", "queued", "running", "scheduled", "succeeded"), 0),
        "by_kind": {},
        "credits_spent": 0,
        "credits_refunded": 0,
        "assets": 0,
        "bytes_stored": 0,
        "first_used_at": None,
        "last_used_at": None,
    }


async def test_statistics_count_what_was_done(house):
    person = await house.person()
    await house.finished(person)
    shown = (await house.client.get("/v1/me/statistics", headers=person.headers)).json()
    assert (shown["generations"], shown["by_status"]["succeeded"], shown["by_kind"]) == (1, 1, {"image": 1})
    assert (shown["credits_spent"], shown["assets"]) == (5, 1)
    assert shown["bytes_stored"] > 0
    assert shown["first_used_at"] <= shown["last_used_at"]


async def test_the_catalogue_says_what_can_be_asked_for_and_what_it_costs(house):
    shown = (await house.client.get("/v1/models?kind=image")).json()
    sketch = next(row for row in shown["data"] if row["id"] == "builtin/sketch-1")
    assert (sketch["default"], sketch["price"]) == (True, {"amount": 5, "unit": "item", "per": 1, "rates": {}, "price_version": 1})
    assert sketch["params"]["properties"]["count"]["maximum"] == sketch["limits"]["count_max"]
    assert (await house.client.get("/v1/models?kind=opera")).json() == {"data": [], "next_cursor": None}
