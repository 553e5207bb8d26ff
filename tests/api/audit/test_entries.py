"""GET /v1/audit/entries"""

import pytest
import pytest_asyncio

from projections.log import entries as log_entries
from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def auditor(house):
    return await house.person("auditor")


async def listed(house, auditor, **params):
    answer = await house.client.get("/v1/audit/entries", params=params, headers=auditor.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def walked(house, auditor, **params):
    """All pages' entries."""
    found, cursor = [], None
    while True:
        page = await listed(house, auditor, **params, **({"cursor": cursor} if cursor else {}))
        found += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_entries_are_shown_oldest_first_with_their_postings(house, auditor):
    person = await house.person(credits=25)
    generation_id, _ = await house.finished(person)
    rows = (await listed(house, auditor, account=str(person.account_id), limit=100))["data"]
    assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)
    assert [row["type"] for row in rows][:3] == ["accounts.registered", "credits.account_opened", "credits.granted"]
    captured = next(row for row in rows if row["type"] == "credits.hold_captured")
    postings = {name: captured[name] for name in ("available", "held", "owed", "outside", "book")}
    assert postings == {"available": 0, "held": -5, "owed": 0, "outside": 5, "book": "revenue:image"}
    assert captured["fact"]["generation_id"] == str(generation_id)
    assert rows[0]["available"] is None
    assert rows[0]["first"] is True


async def test_nothing_personal_and_nothing_sealed_is_shown(house, auditor):
    person = await house.person(credits=25)
    await house.client.post("/v1/generations", json={**CAT, "tags": ["spring"]}, headers=person.headers)
    await house.api_token(person, "usage:read")
    rows = await walked(house, auditor, account=str(person.account_id))
    fields = {name for row in rows for name in row["fact"]}
    assert {"quoted", "params", "amount", "scopes"} <= fields
    assert [name for name in fields if name.startswith("sealed") or name in ("email_index", "tag_index", "token_hash")] == []
    assert "s1." not in str(rows)


async def test_types_books_positions_and_times_can_be_chosen(house, auditor):
    person = await house.person(credits=25)
    await house.finished(person)
    of = {"account": str(person.account_id)}
    everything = await walked(house, auditor, **of)
    held = await walked(house, auditor, **of, type=["credits.held", "credits.granted"])
    assert [row["type"] for row in held] == ["credits.granted", "credits.held"]
    assert [row["type"] for row in await walked(house, auditor, **of, book="revenue:image")] == ["credits.hold_captured"]
    third = everything[2]
    between = await walked(house, auditor, **of, from_position=third["position"], to_position=third["position"] + 1)
    assert between == everything[2:4]
    since = [row for row in everything if row["recorded_at"] >= held[1]["recorded_at"]]
    assert await walked(house, auditor, **of, recorded_from=held[1]["recorded_at"]) == since
    assert await walked(house, auditor, **of, recorded_to=held[1]["recorded_at"]) == everything[: -len(since)]
    assert 0 < len(since) < len(everything)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_lead_through_the_whole_log_without_gap_or_repeat(house, auditor, order, monkeypatch):
    monkeypatch.setattr(log_entries, "WINDOW_POSITIONS", 7)
    head = await house.platform.journal.head()
    rows = await walked(house, auditor, order=order, to_position=head, limit=5)
    assert sorted(row["position"] for row in rows) == list(range(1, head + 1))
    assert rows == sorted(rows, key=lambda row: row["position"], reverse=order == "desc")
    # A rare type leaves pages short or empty, never out.
    opened = await walked(house, auditor, order=order, to_position=head, limit=5, type="credits.account_opened")
    assert [row["position"] for row in opened] == [row["position"] for row in rows if row["type"] == "credits.account_opened"]


async def test_a_cursor_belongs_to_its_filters(house, auditor):
    cursor = (await listed(house, auditor, limit=1))["next_cursor"]
    answer = await house.client.get("/v1/audit/entries", params={"cursor": cursor, "type": "credits.held"}, headers=auditor.headers)
    problem(answer, 400, "cursor_invalid")


@pytest.mark.parametrize(
    "wrong", [{"limit": 101}, {"from_position": 0}, {"recorded_from": "yesterday"}, {"account": "me"}, {"prompt": "x"}]
)
async def test_what_is_no_filter_is_refused(house, auditor, wrong):
    answer = await house.client.get("/v1/audit/entries", params=wrong, headers=auditor.headers)
    problem(answer, 422, "validation_failed")


async def test_only_an_auditor_with_the_scope_reads_it(house, auditor, operator):
    problem(await house.client.get("/v1/audit/entries", headers=operator.headers), 403, "role_missing")
    _, scopeless = await house.api_token(auditor, "usage:read")
    problem(await house.client.get("/v1/audit/entries", headers=scopeless), 403, "scope_missing")
    _, scoped = await house.api_token(auditor, "audit")
    assert (await house.client.get("/v1/audit/entries", headers=scoped)).status_code == 200
