"""A role that runs alone answers GET /metrics on a port of its own."""

import asyncio
import socket

import httpx
import pytest
from msgspec import structs

from daybook.measures import metrics_told
from daybook.settings import load
from daybook.up.listener import PortTaken
from infra.metrics.roles import RoleMetrics

TOKEN = "t" * 32


@pytest.fixture
def settings(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {"DAYBOOK_DATA_DIR": str(tmp_path), "DAYBOOK_METRICS_PORT": str(port), "DAYBOOK_METRICS_TOKEN": TOKEN}
    return load(environ)


async def asked(settings, method="GET", path="/metrics", **headers):
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(method, f"http://127.0.0.1:{settings.metrics_port}{path}", headers=headers)


async def test_it_tells_what_it_counts_and_asks_nothing_of_this_machine(settings):
    worker = RoleMetrics("worker")
    worker.count("claims", 7)
    async with metrics_told(settings, "worker", worker.render):
        answer = await asked(settings)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert "daybook_worker_claims_total 7.0" in answer.text
        assert (await asked(settings, path="/metrics?x=1")).status_code == 200
        assert (await asked(settings, path="/")).status_code == 404
        assert (await asked(settings, method="POST")).status_code == 405


async def test_who_comes_through_a_proxy_needs_the_token(settings):
    async with metrics_told(settings, "worker", RoleMetrics("worker").render):
        far = {"X-Forwarded-For": "203.0.113.7"}
        assert (await asked(settings, **far)).status_code == 401
        assert (await asked(settings, **far, Authorization=f"Bearer {TOKEN}x")).status_code == 401
        assert (await asked(settings, **far, Authorization=f"Bearer {TOKEN}")).status_code == 200
    async with metrics_told(structs.replace(settings, metrics_token=None), "worker", RoleMetrics("worker").render):
        assert (await asked(settings, **far, Authorization="Bearer None")).status_code == 401


@pytest.mark.parametrize(("sent", "begins"), [(b"\x00\r\n\r\n", b"HTTP/1.1 400"), (b"GET " + b"x" * 40_000, b""), (b"GET /metr", b"")])
async def test_what_is_no_request_is_cut_off(settings, monkeypatch, sent, begins):
    monkeypatch.setattr("infra.metrics.endpoint.HEAD_SECONDS", 0.2)
    async with metrics_told(settings, "worker", RoleMetrics("worker").render):
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.metrics_port)
        writer.write(sent)
        try:
            answer = await asyncio.wait_for(reader.read(), 5)
        except ConnectionResetError:
            answer = b""
        writer.close()
        assert answer.startswith(begins) and (answer == b"") == (begins == b"")
        assert (await asked(settings)).status_code == 200


async def test_a_port_that_is_taken_is_named_with_its_setting(settings):
    with (
        socket.create_server(("127.0.0.1", settings.metrics_port)),
        pytest.raises(PortTaken, match="choose another: DAYBOOK_METRICS_PORT="),
    ):
        async with metrics_told(settings, "worker", RoleMetrics("worker").render):
            pass
