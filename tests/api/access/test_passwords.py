"""POST /v1/auth/change-password, /v1/admin/accounts/{id}/password-reset, /v1/auth/reset-password"""

import pytest

from tests.support.api_words import PASSWORD, key, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW = "another fine password"


async def change(house, person, current=PASSWORD, new=NEW):
    body = {"current_password": current, "new_password": new}
    return await house.client.post("/v1/auth/change-password", json=body, headers=person.headers)


async def login(house, person, password):
    return await house.client.post("/v1/auth/login", json={"email": person.email, "password": password})


async def reset_token(house, operator, person, **headers):
    path = f"/v1/admin/accounts/{person.account_id}/password-reset"
    return await house.client.post(path, json={"reason": "lost it"}, headers={**operator.headers, **headers})


async def reset(house, token, password=NEW):
    return await house.client.post("/v1/auth/reset-password", json={"token": token, "new_password": password})


async def test_a_change_ends_every_session_and_begins_a_new_one(house):
    person = await house.person(password=PASSWORD)
    answer = await change(house, person)
    assert answer.status_code == 200
    problem(await house.client.get("/v1/me", headers=person.headers), 401, "invalid_token")
    refreshed = await house.client.post("/v1/auth/refresh", json={"refresh_token": person.refresh_token})
    problem(refreshed, 401, "refresh_token_invalid")
    fresh = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await house.client.get("/v1/me", headers=fresh)).status_code == 200
    problem(await login(house, person, PASSWORD), 401, "wrong_credentials")
    assert (await login(house, person, NEW)).status_code == 200


async def test_the_log_alone_ends_older_sessions(house):
    """Whoever wrote the change may have died before it could end the sessions."""
    person = await house.person(password=PASSWORD)
    await change(house, person)
    async with house.platform.reads.connection() as connection:
        await connection.execute("UPDATE access.sessions SET ended_at = NULL, ended_by = NULL")
    problem(await house.client.get("/v1/me", headers=person.headers), 401, "invalid_token")
    refreshed = await house.client.post("/v1/auth/refresh", json={"refresh_token": person.refresh_token})
    problem(refreshed, 401, "refresh_token_invalid")


async def test_a_wrong_current_password_changes_nothing(house):
    person = await house.person(password=PASSWORD)
    document = problem(await change(house, person, current="wrong one"), 422, "current_password_wrong")
    assert document["errors"][0]["pointer"] == "/current_password"
    assert (await login(house, person, PASSWORD)).status_code == 200


async def test_a_new_password_over_seventy_two_bytes_is_refused(house):
    person = await house.person(password=PASSWORD)
    document = problem(await change(house, person, new="x" * 73), 422, "password_refused")
    assert "73 bytes" in document["detail"]


async def test_an_api_token_cannot_change_the_password(house):
    person = await house.person(password=PASSWORD)
    _, headers = await house.api_token(person, "generations:write")
    body = {"current_password": PASSWORD, "new_password": NEW}
    problem(await house.client.post("/v1/auth/change-password", json=body, headers=headers), 403, "session_required")


async def test_an_operators_token_sets_a_new_password_once(house, operator):
    person = await house.person(password=PASSWORD)
    issued = await reset_token(house, operator, person)
    assert issued.status_code == 201
    token = issued.json()["token"]
    assert (await reset(house, token)).status_code == 204
    problem(await house.client.get("/v1/me", headers=person.headers), 401, "invalid_token")
    assert (await login(house, person, NEW)).status_code == 200
    problem(await reset(house, token, "yet another one"), 422, "reset_token_invalid")


async def test_only_the_newest_token_counts(house, operator):
    person = await house.person(password=PASSWORD)
    old, new = [(await reset_token(house, operator, person)).json()["token"] for _ in range(2)]
    problem(await reset(house, old), 422, "reset_token_invalid")
    assert (await reset(house, new)).status_code == 204


@pytest.mark.parametrize("token", ["x", "dbp_" + "A" * 64, "dbp_", "dbp_" + "!" * 64])
async def test_what_is_no_reset_token_is_refused(house, token):
    problem(await reset(house, token), 422, "reset_token_invalid")


async def test_the_token_is_shown_once(house, operator):
    person = await house.person()
    name = {"Idempotency-Key": key()}
    first, second, third = [await reset_token(house, operator, person, **name) for _ in range(3)]
    assert (first.json()["secret_shown"], first.json()["token"][:4]) == (False, "dbp_")
    assert second.json() == {**first.json(), "token": None, "secret_shown": True}
    assert second.content == third.content
    assert second.headers["idempotency-replayed"] == "true"


async def test_the_token_is_not_in_the_log(house, operator):
    person = await house.person()
    token = (await reset_token(house, operator, person)).json()["token"]
    async with house.platform.reads.connection() as connection:
        query = "SELECT state FROM journal.events WHERE stream = %s"
        rows = await (await connection.execute(query, [person.account_id])).fetchall()
    assert not any(token.encode() in bytes(state) for (state,) in rows)
