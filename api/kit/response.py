"""An HTTP response whose headers are a plain dict with lower-case names.

Sanic's own sanitises and encodes every header through a translation table, a sixth of the time of a whole request here.
Ours are ours: names are constants, and values are refused, not repaired, when they hold a line break.
"""

from typing import Any

from sanic.response import HTTPResponse

#: Text -> encoded, for the names and the values that never change.
_ENCODED: dict[str, bytes] = {}


def remember(headers: dict[str, str]) -> None:
    """Encode what stands on every response once."""
    for name, value in headers.items():
        _ENCODED[name] = name.encode("ascii")
        _ENCODED[value] = value.encode("ascii")


class Response(HTTPResponse):
    """A complete response: status, body and headers are known."""

    def __init__(self, body: bytes, status: int, headers: dict[str, str], content_type: str | None = None) -> None:
        self.asgi = False
        self.body = body
        self.content_type = content_type
        self.stream = None
        self.status = status
        self.headers: Any = headers
        self._cookies = None

    @property
    def processed_headers(self) -> Any:
        headers = self.headers
        # Sanic writes an empty one on every response.
        headers.pop("alt-svc", None)
        if self.content_type is not None:
            headers["content-type"] = self.content_type
        return [_pair(name, value) for name, value in headers.items()]


def _pair(name: str, value: Any) -> tuple[bytes, bytes]:
    known = _ENCODED.get(value)
    if known is None:
        text = str(value)
        if "\n" in text or "\r" in text or "\0" in text:
            raise ValueError(f"the header {name} holds a line break")
        known = text.encode("latin-1", errors="replace")
    return _ENCODED.get(name) or name.encode("ascii"), known
