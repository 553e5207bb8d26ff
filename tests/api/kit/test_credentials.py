"""Who may call what, and how the others are told."""

import pytest

from tests.api.kit.tiny import TINY
from tests.support.api_world import bearer, fake_platform, served


@pytest.fixture
async def client():
    async with served(TINY, fake_platform()) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "alice"}, {"Authorization": "Basic alice"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer nobody"}],
    ids=["none", "no scheme", "another scheme", "no token", "an unknown token"],
)
async def test_without_a_valid_credential_it_is_a_401_that_says_how(client, headers):
    response = await client.get("/v1/things", headers=headers)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert response.json()["code"] == "invalid_token"


async def test_two_credentials_are_none(client):
    response = await client.get("/v1/things", headers=[("Authorization", "Bearer alice"), ("Authorization", "Bearer bob")])
    assert response.status_code == 401


async def test_the_scheme_may_be_written_in_any_case(client):
    assert (await client.get("/v1/things", headers={"Authorization": "bEARER alice"})).status_code == 200


@pytest.mark.parametrize(
    ("token", "path", "code"),
    [
        ("alice", "/v1/operators", "role_missing"),
        ("alice-reads", "/v1/sessions", "session_required"),
        ("suspended", "/v1/things", "account_suspended"),
    ],
)
async def test_what_a_credential_does_not_allow_is_a_403_with_a_code_of_its_own(client, token, path, code):
    response = await client.get(path, headers=bearer(token))
    assert (response.status_code, response.json()["code"]) == (403, code)


async def test_an_api_token_has_only_its_scopes(client):
    response = await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice-reads"))
    assert (response.status_code, response.json()["code"], response.json()["scope"]) == (403, "scope_missing", "generations:write")
    assert (await client.get("/v1/things", headers=bearer("alice-reads"))).status_code == 200


async def test_the_right_role_passes(client):
    assert (await client.get("/v1/operators", headers=bearer("operator"))).status_code == 200


async def test_a_bad_credential_on_a_public_route_is_none(client):
    assert (await client.get("/v1/big", headers=bearer("nobody"))).status_code == 200


async def test_missing_rights_come_before_a_bad_body(client):
    response = await client.post("/v1/things", content=b"garbage", headers=bearer("alice-reads"))
    assert response.status_code == 403
