"""A complete answer is sent in one piece, and nobody can tell: it is what Sanic would send."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sanic.http import Stage
from sanic.http.http1 import HTTP_CONTINUE
from sanic.response import HTTPResponse

from api.kit.response import Fixed, Response
from api.kit.strict_http import StrictHttp

FIXED = Fixed({"cache-control": "no-store", "referrer-policy": "no-referrer"})
NAMES = st.sampled_from(["x-request-id", "location", "vary", "cache-control", "retry-after", "content-encoding"])
VALUES = st.one_of(st.integers().map(str), st.text(st.characters(min_codepoint=9, max_codepoint=0x7E, exclude_characters="\r\n")))


async def sent(response: HTTPResponse, **state: Any) -> tuple[bytes, Stage]:
    """What goes over the wire when *response* is sent, and the stage after it."""
    written: list[bytes] = []

    async def write(data: bytes) -> None:
        written.append(bytes(data))

    http = StrictHttp.__new__(StrictHttp)
    values = {"keep_alive": True, "head_only": False, "expecting_continue": False, "stage": Stage.HANDLER, **state}
    values |= {"protocol": SimpleNamespace(access_log=False), "request": None, "response": response, "_send": write}
    for name, value in values.items():
        setattr(http, name, value)
    http.response_func, response.stream = http.http1_response_header, http
    await response.send(end_stream=True)
    return b"".join(written), http.stage


async def both(status: int, headers: dict[str, str], body: bytes, content_type: str | None = None, **state: Any) -> list[Any]:
    """What is sent of an answer by us and by Sanic: the lines of the head, which have no order, the body, and the stage after it."""
    ours = Response(body, status, dict(headers), FIXED, content_type)
    theirs = HTTPResponse(body, status, {**FIXED.headers, **headers}, content_type)
    found = []
    for response in (ours, theirs):
        written, stage = await sent(response, **state)
        head, _, rest = written.removeprefix(HTTP_CONTINUE).partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        # One that Sanic puts on every response, and takes away again where it rewrites itself.
        lines = [line for line in lines if line != b"alt-svc: "]
        found.append((written.startswith(HTTP_CONTINUE), first, sorted(lines), rest, stage))
    return found


@given(
    status=st.sampled_from([200, 201, 202, 400, 404, 429, 500, 503]),
    headers=st.dictionaries(NAMES, VALUES),
    body=st.binary(),
    content_type=st.sampled_from(["application/json", "text/csv"]),
    keep_alive=st.booleans(),
)
async def test_what_is_sent_is_what_sanic_sends(status, headers, body, content_type, keep_alive):
    ours, theirs = await both(status, headers, body, content_type, keep_alive=keep_alive)
    assert ours == theirs
    assert ours[-1] is Stage.IDLE


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [(204, b"", {}), (304, b"", {}), (200, b"{}", {"head_only": True}), (202, b"{}", {"expecting_continue": True})],
)
async def test_also_where_there_is_no_body_or_one_is_still_to_come(status, body, state):
    ours, theirs = await both(status, {"x-request-id": "r"}, body, "application/json" if body else None, **state)
    assert ours == theirs


async def test_a_header_is_latin_1_and_what_has_no_place_in_it_a_question_mark():
    """Sanic would write UTF-8, which is to nobody what it says (RFC 9110, 5.5)."""
    written, _ = await sent(Response(b"{}", 200, {"location": "/caf\xe9/\u20ac"}, FIXED))
    assert b"\r\nlocation: /caf\xe9/?\r\n" in written


async def test_a_head_says_the_length_of_what_nobody_has_read():
    ours, theirs = await both(200, {"content-length": "181"}, b"", "image/png", head_only=True)
    assert ours == theirs
    assert b"content-length: 181" in ours[2]


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nset-cookie: x", "a\0b", "\n\r", "\r\n"])
@pytest.mark.parametrize("name", ["location", "cache-control"])
async def test_a_line_break_in_a_header_is_refused_and_nothing_is_sent(name, value):
    response = Response(b"{}", 200, {name: value}, FIXED)
    with pytest.raises(ValueError, match="line break"):
        await sent(response)
