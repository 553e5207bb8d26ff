"""The served API under what nobody should send: all of it is answered, none by a 5xx, with nothing of our insides, in bounded memory."""

import asyncio
import gc
import random
import re
import tracemalloc
import uuid

import pytest
import pytest_asyncio
import structlog

from api.routes import ROUTES
from tests.security.fuzzing import EVIL, SEED
from tests.support.api_house import open_house

#: What an answer never holds: a traceback, a statement, a path of the machine.
INSIDES = re.compile(rb"Traceback|File \"/|site-packages|psycopg|SELECT |INSERT INTO|\.py\b.*line \d+|Exception\b")
#: A hang would take for ever; a busy machine takes its time.
ANSWER_SECONDS = 40
QUIET_SECONDS = 1
MEASURED_FROM = 5_000
GROWTH_BYTES_MAX = 4 << 20
#: Pages and programs of ours, which speak of code.
LEFT_OUT = {"GET /v1/audit/verifier", "GET /docs", "GET /docs/search.js"}
#: What is open for as long as somebody listens is left out as well.
TARGETS = [route for route in ROUTES if not route.events and route.name not in LEFT_OUT]
HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "Range", "X-Request-Id", "Forwarded"]
WORDS = [word.encode("utf-8", "surrogatepass") for word in EVIL if len(word) < 2_000] + [b"\xff\xfe", b"\xed\xa0\x80", b"\x80", b"\xc0\xaf"]
JSONS = [
    *(
        b"{}",
        b"[]",
        b"null",
        b'""',
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":' + b"9" * 5_000 + b"}",
        b"[" * 5_000,
        b'{"":' * 500,
        b"\xff",
    ),
    *(b'{"kind":"image","prompt":"\\ud800"}', b'{"kind":"image","prompt":"\\u0000"}', b'{"email":"a@b.c","password":"\\udc00\\ud800"}'),
    *(
        b'{"kind":"image","prompt":"x","params":{"a":' + b"[" * 50 + b"]" * 50 + b"}}",
        b'{"token":"dbk_\\u00fc"}',
        b'{"token":"' + b"a." * 900 + b'"}',
    ),
    *(
        b'{"refresh_token":"dbr_' + b"A" * 64 + b'"}',
        b'{"name":"' + b"x" * 70_000 + b'"}',
        b'{"amount":1e999,"reason":"x"}',
        b'{"amount":-0,"reason":"x"}',
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_url, redis_url, database_folder):
    async with open_house(
        database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off", DAYBOOK_METRICS_TOKEN="a-token-of-these-tests"
    ) as served:
        yield served


class Attacker:
    """Makes requests by chance: a route of ours, with something wrong in it."""

    def __init__(self, chance: random.Random, tokens: list[bytes]) -> None:
        self.chance = chance
        self.tokens = tokens

    def request(self) -> bytes:
        chance = self.chance
        route = chance.choice(TARGETS)
        path = re.sub(r"\{\w+\}", lambda match: self.value(), route.template)
        query = "?" + "&".join(f"{self.quoted()}={self.quoted()}" for _ in range(chance.randint(1, 3))) if chance.random() < 0.4 else ""
        method = (
            route.method if chance.random() < 0.9 else chance.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
        )
        lines = [f"{method} {path}{query} HTTP/1.1".encode(), b"Host: x", b"Connection: close"]
        lines.append(b"Authorization: Bearer " + chance.choice(self.tokens))
        lines += [chance.choice(HEADERS).encode() + b": " + self.word() for _ in range(chance.randint(0, 3))]
        body = b""
        if method in ("POST", "PUT", "PATCH"):
            body = chance.choice(JSONS)
            kind = b"multipart/form-data; boundary=x" if route.stream_body and chance.random() < 0.8 else b"application/json"
            lines += [b"Content-Type: " + kind, b"Content-Length: %d" % len(body)]
        head = b"\r\n".join(lines) + b"\r\n\r\n"
        if chance.random() < 0.15:
            at = chance.randrange(len(head) - 4)
            head = head[:at] + bytes([chance.randrange(256)]) + head[at + 1 :]
        return head + body

    def value(self) -> str:
        return self.chance.choice(
            [str(uuid.UUID(int=self.chance.getrandbits(128))), "image", "kie", "1", "0" * 90, self.quoted() or "x", "..", "a/b"]
        )

    def quoted(self) -> str:
        """A hostile word, percent-encoded byte by byte, or the name of some parameter."""
        if self.chance.random() < 0.4:
            return self.chance.choice(
                ["limit", "cursor", "order", "status", "created_from", "ticket", "expires", "signature", "format", "width"]
            )
        return "".join(f"%{byte:02x}" for byte in self.chance.choice(WORDS)[:200])

    def word(self) -> bytes:
        return re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", self.chance.choice(WORDS))[:2_000]


async def answer(port: int, request: bytes) -> bytes:
    """What comes until the connection ends; or until nothing more comes, where the wish to end it was damaged."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        writer.write(request)
        while piece := await asyncio.wait_for(reader.read(1 << 20), QUIET_SECONDS if heard else ANSWER_SECONDS):
            heard += piece
    except ConnectionError:
        # It was answered and ended while it still sent.
        heard = heard or b"HTTP/1.1 400 "
    except TimeoutError:
        pass
    finally:
        writer.close()
    return heard


def fault(request: bytes, heard: bytes) -> str | None:
    """What is wrong with an answer."""
    status = re.match(rb"HTTP/1\.1 (\d{3}) ", heard)
    if status is None:
        return f"no answer to {request[:300]!r}"
    if status[1][:1] == b"5" and status[1] != b"503":
        return f"{status[1]!r} to {request[:500]!r}"
    if INSIDES.search(heard) and b" /docs" not in request[:20] and b"openapi" not in request[:40]:
        return f"insides in the answer to {request[:300]!r}: {heard[:500]!r}"
    return None


@pytest.mark.parametrize("count", [80, pytest.param(12_000, marks=pytest.mark.long)])
@pytest.mark.asyncio(loop_scope="module")
async def test_every_request_is_answered_and_none_by_an_error_of_ours(house, count):
    person, operator = await house.person(), await house.person("user", "operator", "auditor")
    _, token = await house.api_token(person, "generations:read", "generations:write", "assets:write", "assets:read", "webhooks:write")
    tokens = [person.access_token.encode(), operator.access_token.encode(), token["Authorization"][7:].encode()]
    tokens += [b"dbk_\xff", b"dbk_" + b"a" * 60, b"a.b.c", b"\xff.\xff.\xff", person.refresh_token.encode()]
    attacker = Attacker(random.Random(SEED), tokens)
    faults, sizes = [], []
    with structlog.testing.capture_logs() as lines:
        # It slows everything down, so only where there are enough requests to tell growth from caches that fill.
        if count > MEASURED_FROM:
            tracemalloc.start()
        for begin in range(0, count, 50):
            requests = [attacker.request() for _ in range(min(50, count - begin))]
            heard = [await answer(house.port, request) for request in requests]
            faults += [found for request, each in zip(requests, heard, strict=True) if (found := fault(request, each))]
            broken = [line for line in lines if line.get("log_level") == "error"]
            faults += [f"logged: {line}" for line in broken]
            lines.clear()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert faults == []
    if count > MEASURED_FROM:
        # Nothing that was sent is kept.
        assert sizes[-1] - sizes[len(sizes) // 2] < GROWTH_BYTES_MAX
