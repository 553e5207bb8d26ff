"""Heads that servers read in more than one way are refused with a 400, and the connection ends: nothing of it is a next request."""

import asyncio
import re

import pytest
import pytest_asyncio
from sanic.compat import Header

from api.app import create_app
from api.kit import strict_http
from api.kit.strict_request import StrictRequest
from api.server import Server
from tests.api.kit.tiny import TINY
from tests.support.api_world import fake_platform

HOST = b"Host: x\r\n"
#: What somebody would like to be read as a request of its own.
HIDDEN = b"GET /v1/big HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
REFUSED = {
    "NUL in the target": b"GET /v1/b\0ig HTTP/1.1\r\n" + HOST + b"\r\n",
    "control character in the target": b"GET /v1/b\x1big HTTP/1.1\r\n" + HOST + b"\r\n",
    "raw UTF-8 in the target": "GET /v1/bïg HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "raw bytes in the target": b"GET /v1/\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "authority as target": b"CONNECT elsewhere:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "target without a slash": b"GET v1/big HTTP/1.1\r\n" + HOST + b"\r\n",
    "port that is none": b"GET http://x:99999999/v1/big HTTP/1.1\r\n" + HOST + b"\r\n",
    "method with colours": b"\x1b[31mGET /v1/big HTTP/1.1\r\n" + HOST + b"\r\n",
    "method with a line feed": b"GET\nX /v1/big HTTP/1.1\r\n" + HOST + b"\r\n",
    "method of raw bytes": b"G\xffT /v1/big HTTP/1.1\r\n" + HOST + b"\r\n",
    "method of 21 letters": b"A" * 21 + b" /v1/big HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET /v1/big\r\n" + HOST + b"\r\n",
    "HTTP/2 in clear": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no Host": b"GET /v1/big HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /v1/big HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "header without a colon": b"GET /v1/big HTTP/1.1\r\n" + HOST + b"foo\r\n\r\n",
    "header without a name": b"GET /v1/big HTTP/1.1\r\n" + HOST + b": foo\r\n\r\n",
    "NUL in a value": b"GET /v1/big HTTP/1.1\r\n" + HOST + b"A: b\0c\r\n\r\n",
    "carriage return in a value": b"GET /v1/big HTTP/1.1\r\n" + HOST + b"A: b\rc\r\n\r\n",
    "line feed in a value": b"GET /v1/big HTTP/1.1\r\n" + HOST + b"A: b\nContent-Length: 3\r\n\r\n",
    "space before a colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "length with a space before its colon": POST + b"Content-Length : %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "folded line": POST + b"A: b\r\n Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "length and chunks": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "length of a list": POST + b"Content-Length: 0, %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "length with a sign": POST + b"Content-Length: +2\r\n\r\n{}" + HIDDEN,
    "length in other digits": POST + "Content-Length: ٢\r\n\r\n{}".encode() + HIDDEN,
    "length of thousands of digits": POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n" + HIDDEN,
    "other coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "codings in a list": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunk size with 0x": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "chunk size with a space": CHUNKED + b" 2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "chunk size with a sign": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "chunk that ends in letters": CHUNKED + b"2\r\n{}XX0\r\n\r\n" + HIDDEN,
    "trailers": CHUNKED + b"2\r\n{}\r\n0\r\nA: b\r\n\r\n" + HIDDEN,
    "expectation that nobody knows": POST + b"Expect: more\r\nContent-Length: 2\r\n\r\n{}" + HIDDEN,
}
ACCEPTED = {
    "plain": b"GET /v1/big HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute target": b"GET http://x/v1/big HTTP/1.1\r\nHost: x\r\n\r\n",
    "UTF-8 in a value": "GET /v1/big HTTP/1.1\r\nHost: x\r\nUser-Agent: fenêtre\r\n\r\n".encode(),
    "value that is not UTF-8": b"GET /v1/big HTTP/1.1\r\nHost: x\r\nUser-Agent: \xff\xfe\r\n\r\n",
    "empty value, tabs": b"GET /v1/big HTTP/1.1\r\nHost:\tx\r\nA:\r\nB: c \t\r\n\r\n",
    "HTTP/1.0 without a Host": b"GET /v1/big HTTP/1.0\r\n\r\n",
    "chunks": POST + b'Transfer-Encoding: chunked\r\n\r\n5;a=b\r\n{"nam\r\n8\r\ne": "x"}\r\n0\r\n\r\n',
    "spaces after a length": POST + b'Content-Length: 13 \r\n\r\n{"name": "x"}',
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server():
    server = Server(create_app(fake_platform(limits_off=True), TINY))
    await server.start(host="127.0.0.1", port=0)
    yield server
    await server.stop()


async def said(port: int, sent: bytes) -> bytes:
    """Everything that comes back until the connection ends or nothing comes for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        writer.write(sent)
        while piece := await asyncio.wait_for(reader.read(65_536), 0.3):
            heard += piece
        heard += b"<ended>"
    except TimeoutError:
        heard += b"<open>"
    finally:
        writer.close()
    return heard


def statuses(heard: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_can_be_read_in_two_ways_is_refused_and_nothing_after_it_is_read(server):
    heard = dict(zip(REFUSED, await asyncio.gather(*(said(server.port, each) for each in REFUSED.values())), strict=True))
    wrong = {
        name: answer[:200]
        for name, answer in heard.items()
        if statuses(answer) != [b"400"] or b"application/problem+json" not in answer or not answer.endswith(b"<ended>")
    }
    assert wrong == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_well_formed_is_answered(server):
    heard = dict(zip(ACCEPTED, await asyncio.gather(*(said(server.port, each) for each in ACCEPTED.values())), strict=True))
    assert {name: answer[:200] for name, answer in heard.items() if statuses(answer) not in ([b"200"], [b"202"])} == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_whoever_comes_when_all_places_are_taken_is_told_so(server, monkeypatch):
    held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
    await asyncio.sleep(0.05)
    monkeypatch.setattr(strict_http, "connections_max", lambda: 3)
    refused = await said(server.port, b"")
    assert refused.startswith(b"HTTP/1.1 503 ") and refused.endswith(b"<ended>")
    for _, writer in held:
        writer.close()
    await asyncio.sleep(0.1)
    assert statuses(await said(server.port, ACCEPTED["plain"])) == [b"200"]


def test_what_is_not_utf_8_becomes_text_that_can_be_written_again():
    head = b"GET / HTTP/1.1\r\nHost: x\r\nA: \xff\r\nB: \xc3\xbc"
    raw = [line.split(": ") for line in head.decode(errors="surrogateescape").split("\r\n")[1:]]
    request = StrictRequest(b"/", Header([(name.lower(), value) for name, value in raw]), "1.1", "GET", None, None, head)
    assert (request.headers["a"], request.headers["b"], request.headers["host"]) == ("ÿ", "ü", "x")


def test_a_process_keeps_files_for_what_it_stands_on(monkeypatch):
    def places(soft: int) -> int:
        monkeypatch.setattr(strict_http.resource, "getrlimit", lambda which: (soft, soft))
        strict_http.connections_max.cache_clear()
        return strict_http.connections_max()

    assert (places(1_024), places(1_000_000), places(128)) == (768, 8_192, 64)
    strict_http.connections_max.cache_clear()
