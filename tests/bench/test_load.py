"""The load generator against a server that is slow at times: what waits for a free connection is late."""

import asyncio

from tests.bench import load
from tests.bench.load import Run

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"


async def seen(plan: dict, *, pause_at: int | None = None) -> dict:
    """What the generator says of a server that answers at once, but stands still for 300 ms at its *pause_at*-th request."""
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        while await reader.readline():
            while await reader.readline() != b"\r\n":
                pass
            served += 1
            if served == pause_at:
                await asyncio.sleep(0.3)
            writer.write(ANSWER)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        whole = {"port": port, "connections": 1, "tokens": ["t"], "method": "GET", "path": "/", "keep_samples": True, **plan}
        return await Run(whole).run()


async def test_requests_end_the_plan():
    result = await seen({"requests": 7})
    assert result["statuses"] == {"202": 7}
    assert len(result["samples"]) == 7


async def test_requests_are_due_at_even_times():
    result = await seen({"rate": 50, "seconds": 0.4})
    assert sum(result["statuses"].values()) == 20
    assert result["seconds"] >= 0.35


async def test_what_could_not_be_asked_in_time_is_counted(monkeypatch):
    monkeypatch.setattr(load, "LATE_SECONDS", 0.05)
    result = await seen({"rate": 100, "seconds": 0.2}, pause_at=5)
    assert result["statuses"] == {"202": 5}
    assert result["unsent"] == 15


async def test_what_a_slow_answer_keeps_waiting_is_late_too():
    closed = await seen({"requests": 20, "pause_ms": 10}, pause_at=5)
    paced = await seen({"rate": 100, "seconds": 0.2}, pause_at=5)
    late = [[taken for _, taken in result["samples"] if taken > 50] for result in (closed, paced)]
    # Asked again only after the answer, one request was slow; asked at even times, those behind it waited as well.
    assert len(late[0]) == 1
    assert len(late[1]) > 5
