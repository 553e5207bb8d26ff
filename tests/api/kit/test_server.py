"""Starting, stopping, slow senders and clients that leave."""

import asyncio
import contextlib
import time

import httpx
import pytest

from api.app import create_app
from api.server import Server
from domain.kernel.commands import Command, Context, Receipt
from tests.api.kit.tiny import TINY
from tests.support.api_world import FakeJournal, bearer, fake_platform, served


async def connected(server: Server, request: bytes):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    await writer.drain()
    return reader, writer


@pytest.fixture
async def server():
    server = Server(create_app(fake_platform(limits_off=True), TINY))
    await server.start(host="127.0.0.1", port=0)
    yield server
    if not server.stopped:
        await server.stop()


async def test_a_taken_port_is_an_error_at_the_start(server):
    other = Server(create_app(fake_platform(), TINY))
    with pytest.raises(OSError):
        await other.start(host="127.0.0.1", port=server.port)


async def test_stopping_with_an_idle_client_takes_no_time(server):
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        await client.get("/v1/big")
        started = time.monotonic()
        await server.stop()
    assert time.monotonic() - started < 8


async def test_who_waits_is_answered_and_told_to_leave_when_the_process_stops(server):
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        waiting = asyncio.create_task(client.get("/v1/waits", headers=bearer("alice", Prefer="wait=30")))
        await asyncio.sleep(0.2)
        started = time.monotonic()
        await server.stop()
        response = await waiting
    assert time.monotonic() - started < 8
    assert (response.json(), response.headers["connection"]) == ({"done": None}, "close")


async def test_who_has_just_come_in_when_the_process_stops_is_answered(server):
    reader, writer = await connected(server, b"")
    # The server has let him in and listens to him.
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0.1)
    writer.write(b"GET /v1/big HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert b"connection: close" in (await reader.readuntil(b"\r\n\r\n")).lower()
    await stopping
    writer.close()


async def test_who_never_asks_does_not_hold_up_the_end(server):
    _, writer = await connected(server, b"")
    started = time.monotonic()
    await server.stop()
    assert time.monotonic() - started < 2
    writer.close()


async def test_after_stopping_nobody_is_taken(server):
    await server.stop()
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", server.port)


class Slow(FakeJournal):
    """Executes after a while, whoever still waits; as the real one promises."""

    async def execute(self, command: Command, context: Context) -> Receipt:
        async def later() -> Receipt:
            await asyncio.sleep(0.1)
            return await FakeJournal.execute(self, command, context)

        return await asyncio.shield(asyncio.ensure_future(later()))


async def test_a_client_that_leaves_never_cancels_its_command():
    platform = fake_platform(limits_off=True, journal=Slow())
    server = Server(create_app(platform, TINY))
    await server.start(host="127.0.0.1", port=0)
    body = b'{"name": "x"}'
    head = (
        b"POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Type: application/json\r\n"
        b"Idempotency-Key: %d\r\nContent-Length: %d\r\n\r\n"
    )
    for number in range(50):
        _, writer = await connected(server, head % (number, len(body)) + body)
        await asyncio.sleep(0.002)
        writer.transport.abort()
    await asyncio.sleep(0.3)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        for number in range(50):
            again = await client.post("/v1/things", json={"name": "x"}, headers=bearer("alice", **{"Idempotency-Key": str(number)}))
            assert again.status_code == 202
    await server.stop()
    assert len(platform.journal.executed) == 50


@pytest.mark.parametrize(
    "begin",
    [b"GET /v1/big HTTP/1.1\r\n", b"POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"],
    ids=["in the head", "in the body"],
)
async def test_a_request_that_trickles_in_is_ended_whatever_it_sends(server, monkeypatch, begin):
    monkeypatch.setattr("api.server.REQUEST_SECONDS", 0.5)
    monkeypatch.setattr("api.server.TICK_SECONDS", 0.1)
    await asyncio.sleep(1.1)
    reader, writer = await connected(server, begin)

    async def trickle() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)

    sender = asyncio.create_task(trickle())
    answer = await asyncio.wait_for(reader.read(65_536), 5)
    # Cut off while it still sends: the connection ends, by a reset or in order.
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 5) in (b"", answer)
    sender.cancel()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


async def test_a_waiting_request_is_not_slow():
    async with served(TINY, fake_platform(limits_off=True)) as client:
        response = await client.get("/v1/waits", headers=bearer("alice", Prefer="wait=1"))
    assert response.json() == {"done": None}
