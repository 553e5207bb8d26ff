"""A complete answer is sent in one piece, and nobody can tell: its bytes are those that Sanic would send."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sanic.http import Http, Stage

from api.kit.response import Fixed, Response
from api.kit.strict_http import StrictHttp

FIXED = Fixed({"cache-control": "no-store", "referrer-policy": "no-referrer"})
NAMES = st.sampled_from(["x-request-id", "location", "vary", "cache-control", "retry-after", "content-encoding"])
VALUES = st.one_of(st.integers().map(str), st.text(st.characters(min_codepoint=9, max_codepoint=0x17F, exclude_characters="\r\n\0")))


async def sent(send: Any, response: Response, **state: Any) -> tuple[bytes, Stage]:
    """What *send* writes of *response*, and the stage after it."""
    written: list[bytes] = []

    async def write(data: bytes) -> None:
        written.append(bytes(data))

    http = StrictHttp.__new__(StrictHttp)
    values = {"keep_alive": True, "head_only": False, "expecting_continue": False, "stage": Stage.HANDLER, **state}
    values |= {"protocol": SimpleNamespace(access_log=False), "request": None, "response": response, "_send": write}
    for name, value in values.items():
        setattr(http, name, value)
    await send(http, b"", end_stream=True)
    assert http.response_func is None or http.head_only
    return b"".join(written), http.stage


@given(
    status=st.sampled_from([200, 201, 202, 400, 404, 429, 500, 503]),
    headers=st.dictionaries(NAMES, VALUES),
    body=st.binary(min_size=1),
    content_type=st.sampled_from([None, "application/json"]),
    keep_alive=st.booleans(),
)
async def test_the_bytes_are_those_that_sanic_sends(status, headers, body, content_type, keep_alive):
    ours, theirs = (Response(body, status, dict(headers), FIXED, content_type) for _ in range(2))
    whole = await sent(StrictHttp.http1_response_header, ours, keep_alive=keep_alive)
    assert whole == await sent(Http.http1_response_header, theirs, keep_alive=keep_alive)
    assert whole[1] is Stage.IDLE


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [(204, b"", {}), (304, b"", {}), (200, b"", {}), (200, b"{}", {"head_only": True}), (202, b"{}", {"expecting_continue": True})],
)
async def test_what_is_not_plain_is_left_to_sanic(status, body, state):
    ours, theirs = (Response(body, status, {"x-request-id": "r"}, FIXED) for _ in range(2))
    assert await sent(StrictHttp.http1_response_header, ours, **state) == await sent(Http.http1_response_header, theirs, **state)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nset-cookie: x", "a\0b", "\n\r", "\r\n"])
@pytest.mark.parametrize("name", ["location", "cache-control"])
async def test_a_line_break_in_a_header_is_refused_and_nothing_is_sent(name, value):
    response = Response(b"{}", 200, {name: value}, FIXED)
    with pytest.raises(ValueError, match="line break"):
        await sent(StrictHttp.http1_response_header, response)
