"""An HTTP response whose headers are a plain dict with lower-case names, and which goes over the wire in one piece.

Sanic's own sanitises and encodes every header through a translation table, a sixth of the time of a whole request here.
Ours are ours: what stands on every response is encoded once, names are constants, and a value that holds a line break is
refused, not repaired.
"""

from collections.abc import Mapping
from typing import Any

from sanic.helpers import STATUS_CODES, has_message_body
from sanic.response import HTTPResponse


class Fixed:
    """Headers that stand on every response. `lines`: as the last ones of a head."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = dict(headers)
        self.lines = _lines(self.headers)


class Response(HTTPResponse):
    """A complete response: status, body and headers are known. *headers* win over *fixed* ones of the same name."""

    def __init__(self, body: bytes, status: int, headers: dict[str, str], fixed: Fixed, content_type: str | None = None) -> None:
        self.asgi = False
        self.body = body
        self.content_type = content_type
        self.stream = None
        self.status = status
        self.headers: Any = headers
        self._cookies = None
        self._fixed = fixed

    async def send(self, data: Any = None, end_stream: bool | None = None) -> None:
        """All of it: there is no *data* but the body.   Raises ValueError for a line break in a header."""
        stream: Any = self.stream
        await stream.send_whole(self)

    def whole(self, *, keep_alive: bool, head_only: bool = False) -> bytes:
        """Head and body as they go over the wire (RFC 9112, 4 and 6.2; RFC 9110, 8.6).   Raises ValueError for a line break in a header."""
        headers, fixed, body = self.headers, self._fixed, b""
        if has_message_body(self.status):
            body = self.body or b""
            # Of a file nobody reads for a HEAD, its endpoint knows the length.
            if not (head_only and "content-length" in headers):
                headers["content-length"] = len(body)
        headers["connection"] = "keep-alive" if keep_alive else "close"
        if self.content_type is not None:
            headers["content-type"] = self.content_type
        last = fixed.lines
        if not fixed.headers.keys().isdisjoint(headers):
            headers, last = {**fixed.headers, **headers}, b""
        head = b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (self.status, STATUS_CODES[self.status], _lines(headers), last)
        return head if head_only else head + body


def _lines(headers: Mapping[str, Any]) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if not lines.count("\n") == lines.count("\r") == len(headers) or "\0" in lines:
        raise ValueError("a header holds a line break")
    return lines.encode("latin-1", "replace")
