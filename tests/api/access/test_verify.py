"""POST, GET /v1/auth/verify"""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD = {"valid": False, "account_id": None, "roles": None, "scopes": None, "expires_at": None}


async def test_a_session_is_valid_without_scopes(house, alice):
    own = (await house.client.get("/v1/auth/verify", headers=alice.headers)).json()
    assert (own["valid"], own["account_id"], own["roles"], own["scopes"]) == (True, str(alice.account_id), ["user"], None)
    posted = await house.client.post("/v1/auth/verify", json={"token": alice.access_token})
    assert posted.json() == own
    assert (await house.client.post("/v1/auth/verify", headers=alice.headers)).json() == own


async def test_an_api_token_says_its_scopes(house, alice):
    _, headers = await house.api_token(alice, "generations:read", "assets:read")
    state = (await house.client.get("/v1/auth/verify", headers=headers)).json()
    assert (state["scopes"], state["expires_at"]) == (["assets:read", "generations:read"], None)


@pytest.mark.parametrize("token", ["x", "dbk_unknown", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
async def test_a_bad_token_is_an_answer_not_an_error(house, token):
    for answer in (
        await house.client.get("/v1/auth/verify", headers={"Authorization": f"Bearer {token}"}),
        await house.client.post("/v1/auth/verify", json={"token": token}),
    ):
        assert (answer.status_code, answer.json()) == (200, BAD)


async def test_no_token_is_not_valid(house):
    assert (await house.client.get("/v1/auth/verify")).json() == BAD
    assert (await house.client.post("/v1/auth/verify")).json() == BAD


async def test_a_suspended_accounts_token_is_not_valid(house):
    person = await house.suspended()
    assert (await house.client.get("/v1/auth/verify", headers=person.headers)).json() == BAD
