"""POST, GET /v1/api-tokens, DELETE /v1/api-tokens/{id}"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.api_words import CAT, key, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def issue(house, person, *scopes, headers=None, **fields):
    body = {"name": "ci", "scopes": list(scopes or ("generations:read",)), **fields}
    return await house.client.post("/v1/api-tokens", json=body, headers={**person.headers, **(headers or {})})


def bearer(answer):
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_a_token_works_at_once_within_its_scopes(house, alice):
    answer = await issue(house, alice, "generations:read", "generations:read")
    assert answer.status_code == 201
    made = answer.json()
    assert made["token"].startswith("dbk_")
    assert (made["name"], made["scopes"], made["expires_at"], made["secret_shown"]) == ("ci", ["generations:read"], None, False)
    assert (await house.client.get("/v1/generations", headers=bearer(answer))).status_code == 200
    refused = problem(await house.client.post("/v1/generations", json=CAT, headers=bearer(answer)), 403, "scope_missing")
    assert "generations:write" in refused["detail"]


async def test_a_revoked_token_stops_at_once(house, alice):
    answer = await issue(house, alice)
    assert (await house.client.delete(f"/v1/api-tokens/{answer.json()['id']}", headers=alice.headers)).status_code == 204
    problem(await house.client.get("/v1/generations", headers=bearer(answer)), 401, "invalid_token")
    problem(await house.client.delete(f"/v1/api-tokens/{answer.json()['id']}", headers=alice.headers), 404, "api_token_not_found")


async def test_a_token_works_and_stops_at_once_also_when_the_tail_is_late(house, alice, monkeypatch):
    late = asyncio.Event()
    monkeypatch.setattr(house.platform.tail, "_read_on", late.wait)
    # The look at the log that is under way may still tell.
    await asyncio.sleep(0.2)
    try:
        answer = await issue(house, alice)
        assert (await house.client.get("/v1/generations", headers=bearer(answer))).status_code == 200
        assert (await house.client.delete(f"/v1/api-tokens/{answer.json()['id']}", headers=alice.headers)).status_code == 204
        problem(await house.client.get("/v1/generations", headers=bearer(answer)), 401, "invalid_token")
    finally:
        late.set()


async def test_an_expired_token_is_refused(house, alice):
    soon = datetime.now(UTC) + timedelta(milliseconds=700)
    answer = await issue(house, alice, expires_at=soon.isoformat())
    assert (await house.client.get("/v1/generations", headers=bearer(answer))).status_code == 200
    while datetime.now(UTC) <= soon:
        await asyncio.sleep(0.05)
    problem(await house.client.get("/v1/generations", headers=bearer(answer)), 401, "invalid_token")


async def test_an_expiry_in_the_past_is_refused(house, alice):
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    problem(await issue(house, alice, expires_at=past), 422, "expiry_passed")


@pytest.mark.parametrize("scopes", [["everything"], []])
async def test_unknown_or_no_scopes_are_refused(house, alice, scopes):
    answer = await house.client.post("/v1/api-tokens", json={"name": "x", "scopes": scopes}, headers=alice.headers)
    problem(answer, 422, "validation_failed")


async def test_the_list_never_shows_a_token(house):
    person = await house.person()
    made = [(await issue(house, person, name=f"t{number}")).json() for number in range(3)]
    answer = await house.client.get("/v1/api-tokens", params={"limit": 2}, headers=person.headers)
    page = answer.json()
    assert [row["name"] for row in page["data"]] == ["t2", "t1"]
    assert set(page["data"][0]) == {"id", "name", "scopes", "expires_at", "created_at"}
    more = await house.client.get("/v1/api-tokens", params={"limit": 2, "cursor": page["next_cursor"]}, headers=person.headers)
    assert [row["id"] for row in more.json()["data"]] == [made[0]["id"]]
    assert more.json()["next_cursor"] is None


async def test_a_replay_does_not_show_the_secret_again(house, alice):
    name = {"Idempotency-Key": key()}
    first, second, third = [await issue(house, alice, headers=name) for _ in range(3)]
    assert second.json() == {**first.json(), "token": None, "secret_shown": True}
    assert second.content == third.content
    listed = await house.client.get("/v1/api-tokens", params={"limit": 100}, headers=alice.headers)
    assert sum(row["id"] == first.json()["id"] for row in listed.json()["data"]) == 1


async def test_an_api_token_cannot_make_another(house, alice):
    _, headers = await house.api_token(alice, "generations:write")
    body = {"name": "x", "scopes": ["generations:read"]}
    problem(await house.client.post("/v1/api-tokens", json=body, headers=headers), 403, "session_required")


async def test_a_scope_never_gives_what_the_roles_lack(house, alice):
    _, headers = await house.api_token(alice, "admin")
    problem(await house.client.get("/v1/admin/accounts", headers=headers), 403, "role_missing")


async def test_somebody_elses_token_is_not_there(house, alice, bob):
    token_id = (await issue(house, alice)).json()["id"]
    problem(await house.client.delete(f"/v1/api-tokens/{token_id}", headers=bob.headers), 404, "api_token_not_found")


async def test_there_are_at_most_fifty(house):
    person = await house.person()
    for _ in range(50):
        await house.api_token(person, "generations:read")
    problem(await issue(house, person), 409, "too_many_api_tokens")
