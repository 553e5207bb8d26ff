"""One line per request, and nothing personal in it."""

import pytest
import structlog

from tests.api.kit.tiny import TINY
from tests.support.api_world import ALICE, bearer, fake_platform, served


@pytest.fixture
async def logged():
    with structlog.testing.capture_logs() as lines:
        async with served(TINY, fake_platform()) as client:
            yield client, lines


async def test_a_request_is_one_line_with_what_an_operator_asks_for(logged):
    client, lines = logged
    await client.post("/v1/things", json={"name": "a secret name"}, headers=bearer("alice", **{"X-Request-Id": "r-1"}))
    (line,) = lines
    expected = {
        "log": "access",
        "method": "POST",
        "route": "/v1/things",
        "status": 202,
        "request_id": "r-1",
        "account": str(ALICE),
        "position": 1,
    }
    assert {name: line[name] for name in expected} == expected
    assert line["ms"] >= 0
    assert "secret" not in repr(line)


async def test_addresses_queries_and_tokens_are_never_logged(logged):
    client, lines = logged
    await client.get("/v1/things?status=private", headers=bearer("alice"))
    await client.get("/v1/things", headers=bearer("stolen"))
    assert not any(word in repr(lines) for word in ("private", "stolen", "127.0.0.1"))


@pytest.mark.parametrize(("path", "token", "log", "code"), [
    ("/v1/things", "nobody", "security", "invalid_token"),
    ("/v1/operators", "alice", "security", "role_missing"),
    ("/nowhere", "alice", "access", "not_found"),
])  # fmt: skip
async def test_refused_access_is_a_matter_of_security(logged, path, token, log, code):
    client, lines = logged
    await client.get(path, headers=bearer(token))
    assert (lines[0]["log"], lines[0]["code"]) == (log, code)


async def test_what_broke_is_told_in_full_to_the_log_only(logged):
    client, lines = logged
    await client.get("/v1/broken")
    assert [line["log"] for line in lines] == ["error", "access"]
    assert isinstance(lines[0]["exc_info"], RuntimeError)
