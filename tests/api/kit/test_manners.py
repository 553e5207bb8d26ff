"""Methods, origins, request ids, compression and the headers that stand on everything."""

import gzip
import re

import httpx
import pytest

from api.kit.responses import EXPOSED
from tests.api.kit.tiny import TINY
from tests.support.api_world import bearer, fake_platform, served


@pytest.fixture
async def client():
    async with served(TINY, fake_platform(cors_origins=("https://app.example",))) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/big", "/nowhere", "/v1/broken", "/v1/stream"])
async def test_security_headers_stand_on_every_answer(client, path):
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


async def test_hsts_only_behind_tls():
    async with served(TINY, fake_platform(public_url="https://api.example")) as secure:
        assert "strict-transport-security" in (await secure.get("/v1/big")).headers
    async with served(TINY, fake_platform()) as plain:
        assert "strict-transport-security" not in (await plain.get("/v1/big")).headers


async def test_head_is_get_without_the_body(client):
    get, head = await client.get("/v1/big"), await client.head("/v1/big")
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_options_names_the_methods_and_needs_no_credential(client):
    response = await client.options("/v1/things")
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_an_allowed_origin_may_read_our_headers(client):
    response = await client.get("/v1/big", headers={"Origin": "https://app.example"})
    assert response.headers["access-control-allow-origin"] == "https://app.example"
    assert response.headers["access-control-expose-headers"] == EXPOSED
    assert "Origin" in response.headers["vary"]


async def test_a_preflight_of_an_allowed_origin_names_methods_and_headers(client):
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    headers = (await client.options("/v1/things", headers=asked)).headers
    assert "POST" in headers["access-control-allow-methods"]
    assert "Idempotency-Key" in headers["access-control-allow-headers"]


async def test_another_origin_gets_nothing(client):
    response = await client.get("/v1/big", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in response.headers


async def test_errors_have_cors_headers_too(client):
    response = await client.get("/nowhere", headers={"Origin": "https://app.example"})
    assert response.headers["access-control-allow-origin"] == "https://app.example"


async def test_a_good_request_id_is_carried_on(client):
    assert (await client.get("/v1/big", headers={"X-Request-Id": "a-B_9.z"})).headers["x-request-id"] == "a-B_9.z"


@pytest.mark.parametrize("given", ["", "with space", "x" * 129, "ü", "a;b"])
async def test_any_other_is_replaced(client, given):
    found = (await client.get("/v1/big", headers=[(b"X-Request-Id", given.encode())])).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", found)


async def raw(client: httpx.AsyncClient, path: str, accept: str) -> tuple[httpx.Response, bytes]:
    async with client.stream("GET", path, headers={"Accept-Encoding": accept}) as response:
        return response, b"".join([part async for part in response.aiter_raw()])


async def test_large_json_is_compressed_for_who_takes_it(client):
    response, body = await raw(client, "/v1/big", "br, gzip;q=0.5")
    assert response.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["vary"]
    assert gzip.decompress(body).startswith(b'{"text":')


@pytest.mark.parametrize("accept", ["identity", "gzip;q=0", "br"])
async def test_and_not_for_who_does_not(client, accept):
    response, body = await raw(client, "/v1/big", accept)
    assert "content-encoding" not in response.headers
    assert body.startswith(b'{"text":')


async def test_small_answers_are_not_compressed(client):
    response, _ = await raw(client, "/nowhere", "gzip")
    assert "content-encoding" not in response.headers


async def test_locations_are_absolute(client):
    response = await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice"))
    assert response.headers["location"].startswith("http://daybook.test/v1/things/")


async def test_a_stream_is_sent_as_it_comes(client):
    response = await client.get("/v1/stream")
    assert (response.text, response.headers["content-type"]) == ("0\n1\n2\n", "text/plain")
    assert "x-request-id" in response.headers
