"""POST /v1/auth/login, /v1/auth/logout"""

import pytest

from tests.support.api_words import PASSWORD, email, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def login(house, address, password=PASSWORD):
    return await house.client.post("/v1/auth/login", json={"email": address, "password": password})


async def test_a_login_begins_a_session_whatever_the_case_of_the_address(house):
    person = await house.person(password=PASSWORD)
    answer = await login(house, person.email.upper())
    assert answer.status_code == 200
    session = answer.json()
    me = await house.client.get("/v1/me", headers={"Authorization": f"Bearer {session['access_token']}"})
    assert me.json() == session["account"]
    assert me.json()["last_login_at"] is not None


async def test_a_wrong_address_and_a_wrong_password_are_one_answer(house):
    person = await house.person(password=PASSWORD)
    unknown = await login(house, email())
    wrong = await login(house, person.email, "not this one")
    for answer in (unknown, wrong):
        problem(answer, 401, "wrong_credentials")
    assert {**unknown.json(), "request_id": ""} == {**wrong.json(), "request_id": ""}


@pytest.mark.parametrize("password", ["x" * 73, "ü" * 40, "", "short"])
async def test_a_password_that_cannot_be_one_is_simply_wrong(house, password):
    person = await house.person(password=PASSWORD)
    problem(await login(house, person.email, password), 401, "wrong_credentials")


async def test_the_full_seventy_two_bytes_are_compared(house):
    person = await house.person(password="x" * 71 + "a")
    problem(await login(house, person.email, "x" * 71 + "b"), 401, "wrong_credentials")
    assert (await login(house, person.email, "x" * 71 + "a")).status_code == 200


async def test_logging_out_ends_both_tokens_at_once(house):
    person = await house.person()
    assert (await house.client.post("/v1/auth/logout", headers=person.headers)).status_code == 204
    problem(await house.client.get("/v1/me", headers=person.headers), 401, "invalid_token")
    refreshed = await house.client.post("/v1/auth/refresh", json={"refresh_token": person.refresh_token})
    problem(refreshed, 401, "refresh_token_invalid")


async def test_logging_out_leaves_other_sessions_alone(house):
    person = await house.person(password=PASSWORD)
    other = (await login(house, person.email)).json()["access_token"]
    await house.client.post("/v1/auth/logout", headers=person.headers)
    assert (await house.client.get("/v1/me", headers={"Authorization": f"Bearer {other}"})).status_code == 200


async def test_a_suspended_account_is_told_so_only_with_the_right_password(house):
    person = await house.person(password=PASSWORD)
    operator = await house.person("operator")
    path = f"/v1/admin/accounts/{person.account_id}/suspend"
    assert (await house.client.post(path, json={"reason": "test"}, headers=operator.headers)).status_code == 200
    problem(await login(house, person.email), 403, "account_suspended")
    problem(await login(house, person.email, "wrong password"), 401, "wrong_credentials")
