"""Bodies in chunks, framed by RFC 9112 to the letter, and no more connections than the process can serve."""

import asyncio
import re
import resource
from functools import cache
from typing import Any

from sanic.compat import Header
from sanic.exceptions import BadRequest
from sanic.http import Http, Stage
from sanic.http.http1 import HTTP_CONTINUE
from sanic.models.server_types import ConnInfo
from sanic.server.protocols.http_protocol import HttpProtocol

from api.kit.response import Response
from domain.kernel.limits import CONNECTIONS_MAX, METHOD_CHARS_MAX

_LENGTH = re.compile(r"[0-9]{1,18}[ \t]*")
_SIZE = re.compile(r"[0-9A-Fa-f]{1,16}")
_CRLF = b"\r\n"
_HEAD_END = b"\r\n\r\n"
#: The head that nearly all requests have, in the grammar of `strict_request` and without what asks for more care.
_PLAIN_HEAD = re.compile(f"([A-Z]{{1,{METHOD_CHARS_MAX}}})" + r" (/[!-~]*+) HTTP/1\.1(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~]*+)*+")
#: What is said in these changes how the rest is read: Sanic's own way knows how.
_CAREFUL = frozenset(("connection", "expect", "transfer-encoding", "upgrade"))
#: Of the files that a process may have open, so many are not for clients: the database, Redis, objects, the log.
FILES_KEPT = 256
FULL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n"


class StrictHttp(Http):
    """Python's `int` reads more than the digits of a length; and a chunk ends with a line break, not with any two bytes."""

    # Sanic puts more into these than it says.
    request_body: Any
    response_func: Any

    @staticmethod
    def _safe_int(value: str, base: int = 10) -> int:
        if (_SIZE if base == 16 else _LENGTH).fullmatch(value) is None:
            raise ValueError(value[:50])
        return int(value, base)

    async def http1_request_header(self) -> None:
        """Read a plain head in one go; any other as Sanic does, with the checks of `StrictRequest`.

        Sanic goes through a head line by line, a tenth of the time of a whole request here.
        """
        if not self._read_plain_head():
            await super().http1_request_header()

    def _read_plain_head(self) -> bool:
        """Whether there is one, and it was read: then everything is set that Sanic's method sets."""
        buffer = self.recv_buffer
        end = buffer.find(_HEAD_END)
        if not 0 < end < self.HEADER_MAX_SIZE:
            return False
        head = bytes(buffer[:end])
        if not head.isascii():
            return False
        text = head.decode("ascii")
        plain = _PLAIN_HEAD.fullmatch(text)
        if plain is None:
            return False
        fields = [(name.lower(), value.lstrip()) for name, _, value in [line.partition(":") for line in text.split("\r\n")[1:]]]
        names = [name for name, _ in fields]
        if names.count("host") != 1 or names.count("content-length") > 1 or not _CAREFUL.isdisjoint(names):
            return False
        headers = Header(fields)
        length = headers.getone("content-length", None)
        if length is not None and _LENGTH.fullmatch(length) is None:
            return False
        self._begin(plain[1], plain[2], headers, head, None if length is None else int(length))
        del buffer[: end + len(_HEAD_END)]
        return True

    def _begin(self, method: str, url: str, headers: Header, head: bytes, length: int | None) -> None:
        """A request whose body has *length*, None: which has none."""
        protocol = self.protocol
        made: Any = protocol.request_class
        request = made(url.encode(), headers, "1.1", method, protocol.transport, protocol.app, head, well_formed=True)
        made._current.set(request)
        # Sanic's setting that keeps connections is on in `api.app`, and stays so; to ask for it costs as much as all of these.
        self.url, self.keep_alive, self.head_only, self.upgrade_websocket = url, True, method == "HEAD", False
        # Sanic says True for a body of a known length.
        self.request_body = True if length is not None else None
        self.request_bytes_left = self.request_bytes = length or 0
        self.request, request.stream = request, self
        protocol.state["requests_count"] += 1

    def whole_body(self) -> bytes | None:
        """The body when its length was told and all of it is here; else None, and nothing is taken."""
        length, buffer, framing = self.request_bytes_left or 0, self.recv_buffer, self.request_body
        if framing is not True or self.expecting_continue or not 0 < length <= min(len(buffer), self.request_max_size):
            return None
        body = bytes(buffer[:length])
        del buffer[:length]
        self.request_bytes_left, self.request_body = 0, None
        return body

    async def send_whole(self, response: Response) -> None:
        """Send an answer that is complete in one piece."""
        whole = response.whole(keep_alive=self.keep_alive, head_only=bool(self.head_only))
        if self.expecting_continue:
            # Its client holds the body back until it is told to send it, and it will be read, if only to be thrown away.
            self.expecting_continue = False
            whole = HTTP_CONTINUE + whole
        self.response_func = None
        await self._send(whole)
        self.stage = Stage.IDLE

    async def read(self) -> bytes | None:
        framing: Any = self.request_body
        if framing == "chunked" and self.request_bytes_left == 0:
            while len(self.recv_buffer) < len(_CRLF):
                await self._receive_more()
            if self.recv_buffer[: len(_CRLF)] != _CRLF:
                self.keep_alive = False
                raise BadRequest("Bad chunked encoding")
        piece: bytes | None = await super().read()
        return piece


class Arrived:
    """Stands where Sanic has an `asyncio.Event`, for the one task that waits for what comes on a connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: asyncio.Future[None] | None = None

    def set(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def clear(self) -> None:
        """Sanic waits in the same step, so nothing that came before is missed."""

    async def wait(self) -> None:
        self._waiting = self._loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None


class StrictProtocol(HttpProtocol):
    """Who comes when all places are taken is told so at once."""

    HTTP_CLASS = StrictHttp

    def __init__(self, *, loop: asyncio.AbstractEventLoop, **more: Any) -> None:
        super().__init__(loop=loop, **more)
        self._data_received: Any = Arrived(loop)

    def connection_made(self, transport: Any) -> None:
        if len(self.connections) >= connections_max():
            self.transport, self.recv_buffer, self.conn_info = transport, bytearray(), ConnInfo(transport)
            transport.write(FULL)
            transport.close()
            return
        super().connection_made(transport)


@cache
def connections_max() -> int:
    """At most as many as there are files for, so that a flood of clients never takes the database's."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else max(FILES_KEPT // 4, soft - FILES_KEPT)
    return min(CONNECTIONS_MAX, files)
