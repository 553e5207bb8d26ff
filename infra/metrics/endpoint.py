"""`GET /metrics` of a role that runs alone: the smallest server that a scraper understands. Each connection is answered once."""

import asyncio
import hmac
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

#: So long, and so much, may a request's head be.
HEAD_SECONDS = 5.0
HEAD_BYTES = 16_384
#: So many are answered at once; others are cut off.
AT_ONCE = 16
TYPE = "text/plain; version=0.0.4; charset=utf-8"
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed"}


@asynccontextmanager
async def served(door: socket.socket, render: Callable[[], Awaitable[bytes]], token: str | None) -> AsyncIterator[None]:
    """Answer who comes to *door*, a listening socket, until the block ends.

    Who comes from another machine needs *token*; None: nobody from there is told.
    """
    busy = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal busy
        busy += 1
        try:
            if busy <= AT_ONCE:
                async with asyncio.timeout(HEAD_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                    status, headers = _judged(head, writer.get_extra_info("peername"), token)
                    writer.write(_answer(status, await render() if status == 200 else b"", headers))
                    await writer.drain()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            busy -= 1
            writer.close()

    server = await asyncio.start_server(answer, sock=door, limit=HEAD_BYTES)
    try:
        yield
    finally:
        server.close()


def _judged(head: bytes, peer: tuple[str, int], token: str | None) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to a request with this *head*."""
    line, *rest = head.decode("latin-1").split("\r\n")
    words = line.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return 400, {}
    headers = {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in rest if each)}
    if words[1].partition("?")[0] != "/metrics":
        return 404, {}
    if words[0] != "GET":
        return 405, {"allow": "GET"}
    # A proxy on this machine speaks for somebody elsewhere.
    near = ip_address(peer[0].partition("%")[0]).is_loopback and not {"forwarded", "x-forwarded-for"} & headers.keys()
    if near or (token is not None and hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {token}".encode())):
        return 200, {"content-type": TYPE}
    return 401, {"www-authenticate": "Bearer"}


def _answer(status: int, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS[status]}", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
