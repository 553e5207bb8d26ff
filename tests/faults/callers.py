"""Callers that insist: one request over raw connections, again with the same key until there is an answer."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from tests.bench.load import first_answer
from tests.faults.client import BODY

TRY_SECONDS = 10.0
GIVE_UP_SECONDS = 60.0
PAUSE_SECONDS = 0.02
#: The same key may be sent again: a twin is at work, or nobody can tell yet what became of the first.
AGAIN = (409, 429, 503)


class Told(NamedTuple):
    """`tries`: how many it took; `seconds`: from the second try to the answer, 0 when there was none. `replayed`: as the answer says."""

    id: UUID
    tries: int
    seconds: float
    replayed: bool


def submit(token: str, key: str, body: object = BODY) -> bytes:
    return post(token, "/v1/generations", key, body)


def post(token: str, path: str, key: str, body: object = None) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(data)}",
        "Content-Type: application/json",
        f"Idempotency-Key: {key}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


async def insist(ports: Callable[[int], int], request: bytes) -> Told:
    """Try number *n*, from 1, goes to `ports(n)`.   Raises AssertionError when it is refused, or in vain for a minute."""
    began = time.monotonic()
    second = 0.0
    tries = 0
    while time.monotonic() - began < GIVE_UP_SECONDS:
        tries += 1
        second = second or (time.monotonic() if tries == 2 else 0.0)
        answer = await one_try(ports(tries), request)
        if answer is None or answer[0] in AGAIN:
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        status, body, replayed = answer
        assert status == 202, f"{status}: {body[:300]!r}"
        return Told(UUID(json.loads(body)["id"]), tries, time.monotonic() - second if second else 0.0, replayed)
    raise AssertionError(f"no answer after {tries} tries")


async def one_try(port: int, request: bytes) -> tuple[int, bytes, bool] | None:
    """Status, body and whether it is an answer of before; None when the connection broke, or nothing came."""
    transport = None
    try:
        async with asyncio.timeout(TRY_SECONDS):
            transport, exchange = await asyncio.get_running_loop().create_connection(Exchange, "127.0.0.1", port)
            transport.write(request)
            return await exchange.answer
    except (OSError, TimeoutError):
        return None
    finally:
        if transport is not None:
            transport.close()


class Exchange(asyncio.Protocol):
    """One request's answer: status, body, and whether it says that it was replayed."""

    def __init__(self) -> None:
        self.heard = b""
        self.answer: asyncio.Future[tuple[int, bytes, bool]] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if (found := first_answer(self.heard)) is not None and not self.answer.done():
            status, body, _ = found
            self.answer.set_result((status, body, b"\r\nidempotency-replayed: true\r\n" in self.heard.lower()))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(ConnectionError("the server closed the connection"))
