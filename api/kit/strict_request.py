"""A request whose head follows RFC 9112 to the letter: what another server on the way could read otherwise is refused, not guessed at.

Sanic lets pass what proxies disagree about: a space before a colon, folded lines, control characters, a second Host. Whoever can
make two servers disagree about where a request ends can put one of his own into somebody else's connection.
"""

import re
from typing import Any

from sanic.exceptions import BadRequest, BadURL
from sanic.request import Request

from api.kit.response import Response
from domain.kernel.limits import METHOD_CHARS_MAX

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
#: Method, target and version; then lines of a name, a colon and a value without control characters but the tab.
_HEAD = re.compile(
    rb"%b{1,%d}+ (?:/|\*|[Hh][Tt][Tt][Pp][Ss]?://)[!-~]*+ HTTP/1\.[01](?:\r\n%b++:[\t -~\x80-\xff]*+)*+"
    % (_TOKEN, METHOD_CHARS_MAX, _TOKEN)
)
_LENGTH = re.compile(r"[0-9]{1,18}")
UNREAD = b"*"


class StrictRequest(Request):
    """Raises BadRequest for a head that is not well formed. *well_formed*: whoever read it has found so."""

    def __init__(
        self,
        url_bytes: bytes,
        headers: Any,
        version: str,
        method: str,
        transport: Any,
        app: Any,
        head: bytes = b"",
        *,
        well_formed: bool = False,
        **more: Any,
    ):
        if head and not well_formed:
            _check(head, headers, version)
            if not head.isascii():
                headers = [(name, _read(value)) for name, value in headers.items()]
        try:
            super().__init__(url_bytes, headers, version, method, transport, app, head, **more)
        except BadURL:
            if head:
                raise BadRequest("Bad URL") from None
            # Sanic makes an empty request to answer one that it could not read: with the URL that could not be read.
            super().__init__(UNREAD, headers, version, method, transport, app, head, **more)

    async def receive_body(self) -> None:
        """As Sanic's, at once when it lies there whole."""
        stream: Any = self.stream
        body = stream.whole_body()
        if body is None:
            await super().receive_body()
        else:
            self.body = body

    async def respond(self, response: Any = None, **more: Any) -> Any:
        """As Sanic's, at once when *response* is complete and no middleware wants to see it."""
        stream: Any = self.stream
        if type(response) is not Response or stream is None or stream.response is not None or self.app.response_middleware:
            return await super().respond(response, **more)
        self.responded = True
        return stream.respond(response)


def _check(head: bytes, headers: Any, version: str) -> None:
    if _HEAD.fullmatch(head) is None:
        raise BadRequest("Bad head")
    hosts = headers.getall("host", ())
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise BadRequest("One Host is needed")
    length = headers.getone("content-length", None)
    if length is not None and _LENGTH.fullmatch(length.rstrip(" \t")) is None:
        raise BadRequest("Bad Content-Length")


def _read(value: str) -> str:
    """A value that is not UTF-8 is Latin-1, as it once was. Sanic leaves lone surrogates, at which whatever encodes it later breaks."""
    raw = value.encode(errors="surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
