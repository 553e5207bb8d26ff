"""A light HTTP client for loopback: raw keep-alive connections, because it shares two cores with what it asks."""

import asyncio
import json
from typing import Any, NamedTuple

ANSWER_SECONDS_MAX = 30.0
IDLE_MAX = 32


class Answer(NamedTuple):
    """`headers` by lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")

    @property
    def position(self) -> int:
        """What `Daybook-Position` says; 0 without one."""
        return int(self.headers.get("daybook-position", 0))


class Broken(Exception):
    """No whole answer came.   `untouched`: not one byte of it, as when an idle connection was closed just then."""

    def __init__(self, why: str, *, untouched: bool) -> None:
        super().__init__(why)
        self.untouched = untouched


class Connection(asyncio.Protocol):
    """One exchange at a time."""

    def __init__(self, wire: "Wire") -> None:
        self.wire = wire
        self.buffer = b""
        self.answer: asyncio.Future[Answer] | None = None
        self.closed = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.wire.open += 1

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        self.wire.open -= 1
        if self.answer and not self.answer.done():
            self.answer.set_exception(Broken("the server closed the connection", untouched=not self.buffer))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or self.answer is None or self.answer.done():
            return
        status = int(self.buffer[9:12])
        headers = headers_of(self.buffer[:end])
        length = 0 if status in (204, 304) else int(headers.get("content-length", 0))
        if len(self.buffer) < end + 4 + length:
            return
        body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
        self.closed = self.closed or headers.get("connection") == "close"
        self.answer.set_result(Answer(status, headers, body))

    async def exchange(self, request: bytes) -> Answer:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer


class Wire:
    """Connections to one port, as many as are used at once."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[Connection] = []
        #: Connections that are open.
        self.open = 0
        #: Requests that were sent a second time, because an idle connection was closed under them.
        self.again = 0

    async def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: Any = None, sent: bytes | None = None
    ) -> Answer:
        """*body* goes as JSON; *sent* as it is.   Raises Broken, TimeoutError."""
        data = sent if sent is not None else b"" if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data and "Content-Type" not in (headers or {}) else {}
        lines = [
            f"{name}: {value}" for name, value in {"Host": "127.0.0.1", "Content-Length": len(data), **kind, **(headers or {})}.items()
        ]
        request = "\r\n".join([f"{method} {path} HTTP/1.1", *lines]).encode() + b"\r\n\r\n" + data
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            try:
                return await self._exchange(request)
            except Broken as broken:
                # Every request here may be repeated: it reads, or it carries a key.
                if not broken.untouched:
                    raise
                self.again += 1
                return await self._exchange(request)

    async def _exchange(self, request: bytes) -> Answer:
        connection = self._free() or await self._new()
        try:
            answer = await connection.exchange(request)
        except asyncio.CancelledError:
            connection.transport.abort()
            raise
        if connection.closed or len(self.idle) >= IDLE_MAX:
            connection.transport.close()
        else:
            self.idle.append(connection)
        return answer

    def _free(self) -> Connection | None:
        while self.idle:
            connection = self.idle.pop()
            if not connection.closed:
                return connection
        return None

    async def _new(self) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(self), "127.0.0.1", self.port)
        return connection

    def close(self) -> None:
        for connection in self.idle:
            connection.transport.close()
        self.idle.clear()


def headers_of(head: bytes) -> dict[str, str]:
    """By lower-case names; of the same name twice, the last."""
    found = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found
