"""A plain head is read in one go, and nobody can tell: what Sanic reads of it is the same."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sanic import Sanic
from sanic.http import Http

from api.app import HEADER_BYTES_MAX, _config
from api.kit.strict_http import StrictHttp
from api.kit.strict_request import StrictRequest

BODY = b'{"kind":"image"}'


class Careful(StrictHttp):
    """Reads every head as Sanic does."""

    def _read_plain_head(self) -> bool:
        return False


@pytest.fixture(scope="module")
def app() -> Any:
    made = Sanic("plain-heads", config=_config(), request_class=StrictRequest, configure_logging=False)
    Sanic.unregister_app(made)
    Http.set_header_max_size(HEADER_BYTES_MAX)
    return made


async def _undispatched(*_: Any, **__: Any) -> None:
    """No signals are listened to."""


async def read(kind: type[StrictHttp], app: Any, sent: bytes) -> Any:
    """What one request was read as; the type of what was raised."""
    protocol = SimpleNamespace(
        send=None,
        receive_more=_no_more,
        recv_buffer=bytearray(sent),
        app=app,
        request_class=StrictRequest,
        transport=None,
        state={"requests_count": 0},
        request_max_size=1_000,
    )
    http: Any = kind(protocol)
    http.dispatch = _undispatched
    http.init_for_request()
    try:
        await http.http1_request_header()
        request = http.request
        await request.receive_body()
    except Exception as error:  # noqa: BLE001 What is raised is what is compared.
        return type(error).__name__
    return (
        (request.method, request.raw_url, request.version, request.head, list(request.headers.items()), request.body),
        (http.url, http.keep_alive, http.head_only, http.upgrade_websocket, http.expecting_continue),
        (http.request_body, http.request_bytes_left, bytes(http.recv_buffer), protocol.state, request.stream is http),
    )


async def _no_more() -> None:
    raise EOFError("the client sends nothing more")


def head(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


PLAIN = head(
    "POST /v1/generations?a=b HTTP/1.1", "Host: h", "Authorization:Bearer x.y ", f"CONTENT-LENGTH: {len(BODY)}", "X: \t a\tb", "Y:"
)
ODD = [
    head("GET / HTTP/1.0", "Host: h"),
    head("GET / HTTP/1.1", "Host: h", "Connection: close"),
    head("GET / HTTP/1.1", "Host: h", "Connection: Keep-Alive"),
    head("GET / HTTP/1.1", "Host: h", "Upgrade: websocket"),
    head("GET / HTTP/1.1", "Host: h", "Host: g"),
    head("GET / HTTP/1.1"),
    head("GET http://h/ HTTP/1.1", "Host: h"),
    head("GET /é HTTP/1.1", "Host: h"),
    head("GET / HTTP/1.1", "Host: h", "X: é"),
    head("GET / HTTP/1.1", "Host : h"),
    head("GET / HTTP/1.1", "Host: h", " folded: x"),
    head("GET / HTTP/1.1", "Host: h", "X: a\x00b"),
    head("GET / HTTP/1.1", "Host: h", "X: a\nb"),
    head("get / HTTP/1.1", "Host: h"),
    head("HEAD / HTTP/1.1", "Host: h"),
    head("POST / HTTP/1.1", "Host: h", "Content-Length: 2", "Content-Length: 2") + b"{}",
    head("POST / HTTP/1.1", "Host: h", "Content-Length: +2") + b"{}",
    head("POST / HTTP/1.1", "Host: h", "Content-Length: 2\t") + b"{}",
    head("POST / HTTP/1.1", "Host: h", "Content-Length: 0") + b"{}",
    head("POST / HTTP/1.1", "Host: h", "Content-Length: 2000") + b"{}" * 1_000,
    head("POST / HTTP/1.1", "Host: h", "Content-Length: 3") + b"{}",
    head("POST / HTTP/1.1", "Host: h", "Content-Length: 2", "Expect: 100-continue"),
    head("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
    head("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked", "Content-Length: 2") + b"2\r\n{}\r\n0\r\n\r\n",
    head("GET /" + "a" * HEADER_BYTES_MAX + " HTTP/1.1", "Host: h"),
    b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
]


@pytest.mark.parametrize("sent", [PLAIN + BODY, PLAIN + BODY + PLAIN, PLAIN + BODY[:3], *ODD])
async def test_both_ways_read_the_same(app: Any, sent: bytes) -> None:
    assert await read(StrictHttp, app, sent) == await read(Careful, app, sent)


async def test_a_plain_head_is_plain(app: Any) -> None:
    class Plain(StrictHttp):
        def _read_plain_head(self) -> bool:
            assert super()._read_plain_head()
            return True

    seen = await read(Plain, app, PLAIN + BODY)
    assert seen[0][5] == BODY


PIECES = [
    "GET",
    " ",
    "/",
    "HTTP/1.1",
    "\r\n",
    "\r",
    "\n",
    ":",
    "Host: h",
    "host",
    "Content-Length: 2",
    "Expect: x",
    "\t",
    "é",
    "\x00",
    "{}",
    "a",
    "1",
]


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
@example(pieces=["\r\n", "Content-Length: 2", "\r\n\r\n", "{}"])
async def test_whatever_is_added_both_ways_read_the_same(app: Any, pieces: list[str]) -> None:
    sent = b"POST / HTTP/1.1\r\nHost: h" + "".join(pieces).encode("latin-1") + b"\r\n\r\n{}"
    assert await read(StrictHttp, app, sent) == await read(Careful, app, sent)
