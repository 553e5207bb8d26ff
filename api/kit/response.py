"""An HTTP response whose headers are a plain dict with lower-case names.

Sanic's own sanitises and encodes every header through a translation table, a sixth of the time of a whole request here.
Ours are ours: what stands on every response is encoded once, names are constants, and a value that holds a line break is
refused, not repaired.
"""

from collections.abc import Mapping
from typing import Any

from sanic.helpers import STATUS_CODES
from sanic.response import HTTPResponse


class Fixed:
    """Headers that stand on every response, encoded once."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = dict(headers)
        (name, value), *others = [_pair(name, value) for name, value in headers.items()]
        #: One pair whose value goes on with the other headers, as they stand on the wire.
        self.block = name, b"\r\n".join([value, *(b"%b: %b" % pair for pair in others)])
        #: The same as the last lines of a head.
        self.lines = b"%b: %b\r\n" % self.block


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

    def whole(self, *, keep_alive: bool) -> bytes:
        """Head and body as they go over the wire (RFC 9112, 4 and 6.2).   Raises ValueError for a line break in a header."""
        headers, fixed, body = self.headers, self._fixed, self.body or b""
        headers["content-length"] = len(body)
        headers["connection"] = "keep-alive" if keep_alive else "close"
        if self.content_type is not None:
            headers["content-type"] = self.content_type
        last = fixed.lines
        if not fixed.headers.keys().isdisjoint(headers):
            headers, last = {**fixed.headers, **headers}, b""
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if not lines.count("\n") == lines.count("\r") == len(headers) or "\0" in lines:
            raise ValueError("a header holds a line break")
        head = b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (self.status, STATUS_CODES[self.status], lines.encode("latin-1", "replace"), last)
        return head + body

    @property
    def processed_headers(self) -> Any:
        headers, fixed = self.headers, self._fixed
        # Sanic sets an empty one on every response.
        headers.pop("alt-svc", None)
        if self.content_type is not None:
            headers["content-type"] = self.content_type
        if headers.keys() & fixed.headers.keys():
            return [_pair(name, value) for name, value in {**fixed.headers, **headers}.items()]
        pairs = [_pair(name, value) for name, value in headers.items()]
        pairs.append(fixed.block)
        return pairs


def _pair(name: str, value: Any) -> tuple[bytes, bytes]:
    text = str(value)
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError(f"the header {name} holds a line break")
    return name.encode("ascii"), text.encode("latin-1", errors="replace")
