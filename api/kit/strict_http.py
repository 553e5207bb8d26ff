"""Bodies in chunks, framed by RFC 9112 to the letter, and no more connections than the process can serve."""

import re
import resource
from functools import cache
from typing import Any

from sanic.exceptions import BadRequest
from sanic.http import Http
from sanic.models.server_types import ConnInfo
from sanic.server.protocols.http_protocol import HttpProtocol

from domain.kernel.limits import CONNECTIONS_MAX

_LENGTH = re.compile(r"[0-9]{1,18}[ \t]*")
_SIZE = re.compile(r"[0-9A-Fa-f]{1,16}")
_CRLF = b"\r\n"
#: Of the files that a process may have open, so many are not for clients: the database, Redis, objects, the log.
FILES_KEPT = 256
FULL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n"


class StrictHttp(Http):
    """Python's `int` reads more than the digits of a length; and a chunk ends with a line break, not with any two bytes."""

    @staticmethod
    def _safe_int(value: str, base: int = 10) -> int:
        if (_SIZE if base == 16 else _LENGTH).fullmatch(value) is None:
            raise ValueError(value[:50])
        return int(value, base)

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


class StrictProtocol(HttpProtocol):
    """Who comes when all places are taken is told so at once."""

    HTTP_CLASS = StrictHttp

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
