"""Answers and refusals as HTTP responses: encoding, headers, conditions, compression, CORS."""

import asyncio
import zlib
from typing import Any

import msgspec

from api.kit.answer import Answer
from api.kit.call import Call
from api.kit.etags import etag_of, matches, quoted
from api.kit.problems import PROBLEM_TYPE, problem
from api.kit.response import Fixed, Response
from api.platform import Platform
from domain.kernel.refusals import Refusal

GZIP_BYTES_MIN = 1024
GZIP_LEVEL = 5
JSON = "application/json"
#: Every header of ours that a browser's script may read.
EXPOSED = (
    "Allow, Daybook-Position, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, "
    "Retry-After, WWW-Authenticate, X-Request-Id"
)
ALLOWED = "Authorization, Content-Type, Daybook-Min-Position, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, X-Request-Id"
SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
HSTS = "max-age=31536000; includeSubDomains"
PREFLIGHT_SECONDS = 600
_ENCODE = msgspec.json.Encoder().encode


class Responder:
    """Makes responses; the same headers stand on all of them."""

    def __init__(self, platform: Platform, drain: asyncio.Event) -> None:
        self._drain = drain
        self._origins = frozenset(platform.cors_origins)
        hsts = {"strict-transport-security": HSTS} if platform.public_url.startswith("https:") else {}
        self._fixed = Fixed({**SECURITY, **hsts})

    def answer(self, call: Call, answer: Answer, extra: dict[str, str]) -> Response:
        """*answer* to *call*; *extra* are headers found on the way, such as those of the limits."""
        headers = {**self.headers(call.request, call.request_id), **extra, **answer.headers}
        position = answer.position if answer.position is not None else call.seen
        if position is not None:
            headers["daybook-position"] = str(position)
        if call.replayed:
            headers["idempotency-replayed"] = "true"
        if answer.location is not None:
            headers["location"] = call.url(answer.location)
        if call.route.etag and answer.status == 200 and answer.body is not None:
            etag = headers["etag"] = quoted(answer.etag) if answer.etag else etag_of(answer.body)
            asked = call.request.headers.getone("if-none-match", None)
            if asked is not None and call.request.method in ("GET", "HEAD") and matches(asked, etag, weak=True):
                return Response(b"", 304, headers, self._fixed)
        if answer.body is None:
            return Response(b"", answer.status, headers, self._fixed)
        if answer.content_type is not None:
            return self.sized(call.request, answer.body, answer.status, headers, answer.content_type)
        return self.sized(call.request, _ENCODE(answer.body), answer.status, headers, JSON)

    def refusal(self, request: Any, request_id: str, refusal: Refusal, extra: dict[str, str]) -> Response:
        """The problem document of *refusal*."""
        status, body, own = problem(refusal, instance=request.path if request.path else "/", request_id=request_id)
        return self.sized(request, body, status, {**self.headers(request, request_id), **extra, **own}, PROBLEM_TYPE)

    def headers(self, request: Any, request_id: str) -> dict[str, str]:
        """Those of every response that are not fixed."""
        if self._drain.is_set() and request.stream is not None:
            request.stream.keep_alive = False
        headers = {"x-request-id": request_id}
        if self._origins and (origin := request.headers.getone("origin", None)) is not None:
            self._allow(headers, origin)
        return headers

    def complete(self, request: Any, request_id: str) -> dict[str, str]:
        """All of them, for an answer that is streamed."""
        return {**self._fixed.headers, **self.headers(request, request_id)}

    def preflight(self, request: Any, request_id: str, methods: str) -> Response:
        """The answer to OPTIONS: which methods there are, and for an allowed origin that it may use them."""
        headers = {**self.headers(request, request_id), "allow": methods}
        if "access-control-allow-origin" in headers:
            headers["access-control-allow-methods"] = methods
            headers["access-control-allow-headers"] = ALLOWED
            headers["access-control-max-age"] = str(PREFLIGHT_SECONDS)
        return Response(b"", 204, headers, self._fixed)

    def _allow(self, headers: dict[str, str], origin: str) -> None:
        headers["vary"] = "Origin"
        if "*" in self._origins or origin in self._origins:
            headers["access-control-allow-origin"] = "*" if "*" in self._origins else origin
            headers["access-control-expose-headers"] = EXPOSED

    def sized(self, request: Any, body: bytes, status: int, headers: dict[str, str], content_type: str) -> Response:
        """*body*, compressed when that is worth it and the client takes it."""
        if len(body) > GZIP_BYTES_MIN and content_type.startswith((JSON, PROBLEM_TYPE, "text/")):
            headers["vary"] = f"{headers['vary']}, Accept-Encoding" if "vary" in headers else "Accept-Encoding"
            if takes_gzip(request.headers.getone("accept-encoding", "")):
                packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
                body = packer.compress(body) + packer.flush()
                headers["content-encoding"] = "gzip"
        return Response(body, status, headers, self._fixed, content_type)


def takes_gzip(accept_encoding: str) -> bool:
    """Does an Accept-Encoding header name gzip (or `*`) without refusing it?"""
    if not accept_encoding:
        return False
    for item in accept_encoding.lower().split(","):
        coding, _, weight = item.strip().partition(";")
        if coding.strip() in ("gzip", "*") and weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            return True
    return False
