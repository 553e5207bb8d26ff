"""Every refusal is a problem document, whoever refuses."""

import asyncio

import pytest

from api.kit.problems import STATUSES, known_refusals, status_of
from domain.kernel.refusals import Refusal
from tests.api.kit.tiny import THING, TINY
from tests.support.api_world import bearer, fake_platform, served

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id", "retryable", "errors"}


@pytest.fixture
async def client():
    async with served(TINY, fake_platform()) as client:
        yield client


def is_problem(response, status: int, code: str) -> None:
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert set(body) >= MEMBERS
    assert (response.status_code, body["status"], body["code"], body["type"]) == (status, status, code, f"/problems/{code}")
    assert body["request_id"] == response.headers["x-request-id"]


async def test_an_unknown_path_is_a_404_problem(client):
    is_problem(await client.get("/nowhere"), 404, "not_found")


async def test_a_trailing_slash_is_another_path(client):
    is_problem(await client.get("/v1/big/"), 404, "not_found")


async def test_another_method_is_a_405_problem_that_names_the_allowed_ones(client):
    response = await client.delete("/v1/things")
    is_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("path", ["/v1/things", f"/v1/things/{THING}"])
async def test_an_unknown_method_is_a_405_too(client, path):
    response = await client.request("BREW", path)
    is_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"].startswith("GET, HEAD, OPTIONS, P")


async def test_a_refusal_carries_its_members(client):
    response = await client.post("/v1/things", json={"name": "poor"}, headers=bearer("alice"))
    is_problem(response, 402, "insufficient_credits")
    assert {name: response.json()[name] for name in ("required", "available", "missing")} == {"required": 5, "available": 2, "missing": 3}


async def test_our_own_fault_is_a_500_that_tells_nothing(client):
    response = await client.get("/v1/broken")
    is_problem(response, 500, "internal_error")
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text


async def test_a_dependency_that_is_away_is_a_503_to_be_repeated(client):
    response = await client.get("/v1/away")
    is_problem(response, 503, "service_unavailable")
    assert (response.json()["retryable"], response.headers["retry-after"]) == (True, "1")
    assert "10.0.0.1" not in response.text


async def raw(client, request: bytes) -> bytes:
    url = client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_a_head_of_more_than_16_kib_is_a_431_problem(client):
    answer = await raw(client, b"GET /v1/big HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"request_header_too_large"' in answer


@pytest.mark.parametrize(
    "request_bytes",
    [b"garbage\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nno-colon\r\n\r\n"],
)
async def test_what_is_not_http_is_a_400_problem(client, request_bytes):
    answer = await raw(client, request_bytes)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


async def test_every_refusal_of_the_program_has_a_status_and_a_sentence():
    refusals = known_refusals()
    assert len(refusals) > 20
    for code, kind in refusals.items():
        assert 400 <= status_of(kind) < 600, code
        assert kind.detail != Refusal.detail, code


async def test_no_two_kinds_share_a_parent_that_decides_otherwise():
    assert {status_of(kind) for kind in STATUSES} == set(STATUSES.values())
