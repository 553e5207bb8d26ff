"""The shared HTTP of all adapters: streams however they are torn, hosts however they are spelled, pauses, links, limits."""

import asyncio
import gzip
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel import limits
from domain.providers.jobs import ProviderFailure, Running
from infra.outgoing.http import PinnedHttp
from tests.support.eventually import eventually
from tests.support.openai_server import OpenAIServer
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import KEY
from workers.providers.wire import client, sse
from workers.providers.wire.answers import fitted
from workers.providers.wire.base64s import artefact_of
from workers.providers.wire.bodies import BodyTooLarge
from workers.providers.wire.client import Call, Wire, origin_of
from workers.providers.wire.downloads import downloaded
from workers.providers.wire.failures import failed, rejects, retry_after
from workers.providers.wire.looks import passed
from workers.providers.wire.sse import BARE_LINES_MAX, Event, events

STREAM = (
    b": a comment\n\n"
    b'data: {"a": 1}\n\n'
    b"event: note\r\ndata: first\r\ndata:second\r\n\r\n"
    b"data: \xe2\x82\xac\r\rid: 7\n\ndata\n\n"
    b"retry: 5\ndata: x\n: in between\ndata: y\n\n"
    b'{\n "error": {\n  "code": 503\n }\n}\n'
    b"data: last"
)
EVENTS = [
    Event('{"a": 1}'), Event("first\nsecond", "note"), Event("€"), Event(""), Event("x\ny"),
    Event('{\n "error": {\n  "code": 503\n }\n}', bare=True), Event("last"),
]  # fmt: skip


async def torn(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def read(*pieces: bytes) -> list[Event]:
    async def all_events() -> list[Event]:
        return [event async for event in events(torn(*pieces))]

    return asyncio.run(all_events())


@settings(deadline=None, max_examples=60)
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_is_the_same_wherever_the_network_tears_it(cuts: list[int]):
    places = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[start:end] for start, end in itertools.pairwise(places))) == EVENTS


def test_a_stream_may_come_byte_by_byte():
    assert read(*(STREAM[place : place + 1] for place in range(len(STREAM)))) == EVENTS


def test_json_that_is_never_whole_is_an_event_all_the_same():
    assert read(b'{"error": {') == [Event('{"error": {', bare=True)]
    assert read(b"[1,\n2]\n") == [Event("[1,\n2]", bare=True)]


@pytest.mark.parametrize("flood", [b"x" * 5_001, b"data: x\n" * 5_001, b"{\n" + b"}}\n" * (BARE_LINES_MAX + 1)])
def test_an_event_has_an_end(flood: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "EVENT_BYTES_MAX", 5_000)
    with pytest.raises(BodyTooLarge):
        read(flood)


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://api.example/v1/files/1", True),
        ("https://API.example:443/", True),
        ("https://cdn.example/1", True),
        ("http://api.example/", False),
        ("https://api.example:444/", False),
        ("https://api.example.evil/", False),
        ("https://api.example@evil/", False),
        ("https://evil\\@api.example/", False),
        ("https://evil/\t@api.example/", False),
        ("https://evil/#api.example", False),
        ("//api.example/", False),
        ("https://api.example:port/", False),
        ("", False),
    ],
)
def test_whose_host_it_is(url: str, own: bool):
    assert Wire(base_url="https://api.example/v1", own_origins=["https://cdn.example"]).is_own(url) == own


def test_what_cannot_be_told_has_no_origin():
    assert origin_of("https://[::1") == "" and origin_of("https://a\nb/") == ""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "999999999"}, 3600),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({}, None),
    ],
)
def test_pauses_in_every_spelling(headers: dict[str, str], seconds: float | None):
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("sentence", "refused"),
    [
        ("Your prompt was flagged by our moderation", True),
        ("blocked by the CONTENT POLICY", True),
        ("This violates the guidelines", True),
        ("the upstream fell over", False),
        ("content-type must be JSON", False),
    ],
)
def test_sentences_that_refuse_content(sentence: str, refused: bool):
    assert rejects(sentence) == refused


def test_base64_with_and_without_its_head():
    assert artefact_of("data:image/png;name=a;base64,aGk=").content_type == "image/png"
    assert artefact_of("data:;base64,aGk=").data == artefact_of("aGk=").data == b"hi"
    for broken in ("data:image/png,plain", "@@@", "aGk", "ü"):
        with pytest.raises(ProviderFailure):
            artefact_of(broken)


@pytest.mark.parametrize("text", ['{"a": 1}', '```json\n{"a": 1}\n```', '```\n{"a": 1}\n```\n'])
def test_structured_answers_may_be_wrapped(text: str):
    assert fitted(text, {"type": "object"}) == {"data": {"a": 1}, "text": text}


@pytest.mark.parametrize("text", ["[1]", "no", "```json\nno\n```", "[" * 100_000])
def test_words_are_no_structured_answer(text: str):
    with pytest.raises(ProviderFailure) as failure:
        fitted(text, {"type": "object"})
    assert failure.value.code == "no_output"


@pytest.mark.parametrize("code", ["overloaded", "provider_error", "rate_limited", "timeout"])
def test_a_failed_look_passes(code: str):
    assert passed(failed(code, retry_after_seconds=3)) == Running(poll_seconds=3)


@pytest.mark.parametrize(
    ("failure", "ends_as"),
    [
        (failed("auth"), ("auth", False)),
        (failed("model_retired"), ("provider_error", False)),
        (failed("content_rejected"), ("content_rejected", False)),
        (failed("provider_error", outcome_unknown=True), ("provider_error", False)),
    ],
)
def test_a_look_that_says_something_ends_the_job(failure: ProviderFailure, ends_as: tuple[str, bool]):
    with pytest.raises(ProviderFailure) as end:
        passed(failure)
    assert (end.value.code, end.value.retryable) == ends_as


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def other() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
async def wire(server: OpenAIServer) -> AsyncIterator[Wire]:
    made = Wire(base_url=server.url, api_key=KEY)
    yield made
    await made.close()


async def test_a_download_keeps_its_key_at_home_only(server: OpenAIServer, other: OpenAIServer, wire: Wire):
    server.elsewhere = f"{other.origin}/image.png"
    outgoing = PinnedHttp(allow=[other.authority])
    assert (await downloaded(wire, outgoing, f"{server.origin}/moved", key=None, paid=False)).data == PIXEL
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "Authorization" not in other.requests[0].headers
    assert (await downloaded(wire, outgoing, f"{server.origin}/image", key="own", paid=False)).content_type == "image/png"
    assert server.requests[1].headers["Authorization"] == "Bearer own"


@pytest.mark.parametrize(("path", "retryable"), [("/round", True), ("/nothing", False), ("/bomb", False), ("/endless", False)])
async def test_a_download_ends(server: OpenAIServer, wire: Wire, path: str, retryable: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "ARTEFACT_BYTES_MAX", 1_000_000)
    with pytest.raises(ProviderFailure) as failure:
        await downloaded(wire, PinnedHttp(), f"{server.origin}{path}", key=None, paid=False)
    assert failure.value.retryable == retryable


async def test_a_download_into_our_own_network_is_refused_for_good(server: OpenAIServer, wire: Wire):
    server.elsewhere = "https://169.254.169.254/latest/meta-data/"
    with pytest.raises(ProviderFailure) as failure:
        await downloaded(wire, PinnedHttp(), f"{server.origin}/moved", key=None, paid=False)
    assert failure.value.outcome_unknown


async def test_a_packed_stream_is_unpacked_as_it_comes(server: OpenAIServer, wire: Wire):
    lines = b"".join(b"data: " + json.dumps({"n": number}).encode() + b"\n\n" for number in range(50))
    server.MOODS = {"packed": lambda h: h.send(200, gzip.compress(lines), {"Content-Encoding": "gzip"})}
    server.behave("packed")
    async with wire.stream(Call(method="POST", url="/chat/completions", seconds=10, paid=True, json={})) as (headers, pieces):
        found = [event.data async for event in events(pieces)]
    assert headers["content-encoding"] == "gzip"
    assert found == [json.dumps({"n": number}) for number in range(50)]


async def test_an_error_whose_body_never_comes_is_that_error(server: OpenAIServer, wire: Wire, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "ERROR_SECONDS", 0.05)

    def stall(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 99\r\n\r\n{")
        handler.wfile.flush()
        handler.silence()

    server.MOODS = {"stalling": stall}
    server.behave("stalling")
    with pytest.raises(ProviderFailure) as failure:
        await wire.ask(Call(method="POST", url="/chat/completions", seconds=30, paid=True, json={}))
    assert (failure.value.code, failure.value.retryable, failure.value.retry_after_seconds) == ("rate_limited", True, 3)


async def test_another_hosts_url_is_never_asked_with_the_key(other: OpenAIServer, wire: Wire):
    with pytest.raises(ProviderFailure):
        await wire.ask(Call(method="GET", url=f"{other.origin}/image.png", seconds=10, paid=False))
    assert other.requests == []


async def test_an_answer_that_is_not_read_to_its_end_is_hung_up_on(server: OpenAIServer, wire: Wire):
    server.behave("endless")
    with pytest.raises(ProviderFailure):
        await wire.ask(Call(method="POST", url="/chat/completions", seconds=30, paid=True, json={}, bytes_max=100_000))
    await eventually(server.hung_up.is_set)
