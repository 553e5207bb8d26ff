"""A server that speaks OpenAI's language over real HTTP on loopback, and misbehaves on demand.

`behave` names what it does next; MOODS lists all that it can do. What it was sent stands in `requests`.
"""

import gzip
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-of-the-tests"
#: A whole PNG of one red pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@dataclass
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class OpenAIServer:
    """Context manager. `url` is the base URL, `origin` the address without its path."""

    def __init__(self) -> None:
        self.mood = "chat"
        self.requests: list[Request] = []
        #: Where redirects and links point.
        self.elsewhere = ""
        self.released = threading.Event()
        self.connections = 0

    def behave(self, mood: str) -> None:
        assert mood in MOODS, mood
        self.mood = mood

    def __enter__(self) -> "OpenAIServer":
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.authority = f"127.0.0.1:{self._server.server_port}"
        self.origin = f"http://{self.authority}"
        self.url = f"{self.origin}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: OpenAIServer

    def process_request(self, request: Any, client_address: Any) -> None:
        self.owner.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: OpenAIServer

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the tests look at `requests`."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.owner.requests.append(Request(self.command, self.path, dict(self.headers.items()), json.loads(body) if body else None))
        MOODS[self.owner.mood](self)

    def do_GET(self) -> None:
        """Links: `/image` is a picture; whatever else misbehaves by its name."""
        self.owner.requests.append(Request(self.command, self.path, dict(self.headers.items()), None))
        if self.path.startswith("/image"):
            self.send(200, PIXEL, {"Content-Type": "image/png"})
        elif self.path.startswith("/moved"):
            self.send(302, b"", {"Location": self.owner.elsewhere})
        elif self.path.startswith("/round"):
            self.send(302, b"", {"Location": "/round"})
        elif self.path.startswith("/endless"):
            self.stream(lambda: b"x" * 65_536)
        elif self.path.startswith("/slow"):
            self.stream(lambda: time.sleep(0.05) or b"x")
        elif self.path.startswith("/bomb"):
            self.send(200, gzip.compress(b"\0" * 50_000_000), {"Content-Type": "image/png", "Content-Encoding": "gzip"})
        else:
            self.send(404, b"no such thing, and a secret of the inner network")

    def json(self, status: int, document: Any, headers: Mapping[str, str] | None = None) -> None:
        self.send(status, json.dumps(document).encode(), {"Content-Type": "application/json"} | dict(headers or {}))

    def send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, declared: int | None = None) -> None:
        # Without the Date and Server headers of the library: a mood may bring its own.
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if declared is None else declared))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if declared is not None:
            self.close_connection = True

    def stream(self, piece: Callable[[], bytes]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.owner.released.is_set():
            data = piece()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def silence(self) -> None:
        self.owner.released.wait(30)
        self.close_connection = True

    def drop(self) -> None:
        self.close_connection = True


def data_url() -> str:
    return f"data:image/png;base64,{b64encode(PIXEL).decode()}"


def chat(message: dict[str, Any], **choice: Any) -> dict[str, Any]:
    row = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Here it is"} | message} | choice
    return {"id": "gen-1", "model": "m", "choices": [row], "usage": {"total_tokens": 12, "cost": 0.039}}


def pictures(count: int) -> list[dict[str, Any]]:
    return [{"type": "image_url", "image_url": {"url": data_url()}} for _ in range(count)]


def rows(handler: _Handler, **row: Any) -> dict[str, Any]:
    count = handler.owner.requests[-1].body.get("n", 1)
    return {"created": 1763700000, "data": [row or {"b64_json": b64encode(PIXEL).decode()} for _ in range(count)], "output_format": "png"}


def error(**fields: Any) -> dict[str, Any]:
    return {"error": {"message": "secret words of the provider", **fields}}


Mood = Callable[[_Handler], None]

#: Answers that carry an image.
GOOD: dict[str, Mood] = {
    "chat": lambda h: h.json(200, chat({"images": pictures(1)})),
    "chat with bare base64": lambda h: h.json(200, chat({"images": [{"image_url": {"url": b64encode(PIXEL).decode()}}]})),
    "chat with content parts": lambda h: h.json(200, chat({"content": [{"type": "text", "text": "here"}, *pictures(1)]})),
    "chat with a bare string": lambda h: h.json(200, chat({"images": [{"type": "image_url", "image_url": data_url()}]})),
    "chat with a link": lambda h: h.json(200, chat({"images": [{"image_url": {"url": h.owner.elsewhere}}]})),
    "chat packed": lambda h: h.send(200, gzip.compress(json.dumps(chat({"images": pictures(1)})).encode()), {"Content-Encoding": "gzip"}),
    "images": lambda h: h.json(200, rows(h)),
    "images as links": lambda h: h.json(200, rows(h, url=h.owner.elsewhere)),
    "images of another type": lambda h: h.json(200, rows(h, b64_json=b64encode(PIXEL).decode(), media_type="image/webp")),
    "more images than asked for": lambda h: h.json(200, chat({"images": pictures(9)})),
}

#: What providers do wrong, or rightly refuse.
BAD: dict[str, Mood] = {
    "200 with a choice in error": lambda h: h.json(200, chat({}, finish_reason="error", error={"code": 502, "message": "secret"})),
    "200 with an error": lambda h: h.json(200, error(code=429, metadata={"error_type": "rate_limit_exceeded"})),
    "200 with an error as text": lambda h: h.json(200, {"error": "secret"}),
    "200 with html": lambda h: h.send(200, b"<html>secret</html>", {"Content-Type": "text/html"}),
    "200 with a list": lambda h: h.json(200, [1, 2]),
    "200 with nothing": lambda h: h.send(200, b""),
    "200 with odd shapes": lambda h: h.json(
        200, {"choices": [{"message": {"images": [None, 1, {"image_url": None}, {"image_url": {"url": 5}}]}}]}
    ),
    "400": lambda h: h.json(400, error(type="invalid_request_error", param="size", code="invalid_value")),
    "400 moderation": lambda h: h.json(400, error(type="image_generation_user_error", code="moderation_blocked")),
    "400 retired": lambda h: h.json(400, error(code="model_not_found")),
    "401": lambda h: h.json(401, error(code="invalid_api_key")),
    "402 flat": lambda h: h.json(402, {"type": "payment_required", "message": "Not enough credits, secret"}),
    "402 flat with 200": lambda h: h.json(200, {"error": {"type": "payment_required"}}),
    "403": lambda h: h.json(403, error(code=403)),
    "403 moderation": lambda h: h.json(403, error(code=403, metadata={"reasons": ["violence"], "flagged_input": "secret"})),
    "404": lambda h: h.json(404, error(code=404)),
    "429": lambda h: h.json(429, error(code="rate_limit_exceeded"), {"Retry-After": "7"}),
    "429 by date": lambda h: h.json(
        429, error(code=429), {"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    ),
    "429 far away": lambda h: h.json(429, error(code=429), {"Retry-After": "999999999"}),
    "429 in milliseconds": lambda h: h.json(429, error(code=429), {"retry-after-ms": "1500"}),
    "429 nonsense": lambda h: h.json(429, error(code=429), {"Retry-After": "soon"}),
    "429 quota": lambda h: h.json(429, error(code="insufficient_quota")),
    "500": lambda h: h.send(500, b"<html>secret</html>"),
    "502": lambda h: h.json(502, error(code=502)),
    "503": lambda h: h.json(503, error(code=503, availability={"retryable": True, "retry_after": 12})),
    "504": lambda h: h.send(504, b""),
    "529": lambda h: h.json(529, error(code=529)),
    "bad base64": lambda h: h.json(200, chat({"images": [{"image_url": {"url": "data:image/png;base64,@@@"}}]})),
    "blocked": lambda h: h.json(200, chat({"content": None}, finish_reason="content_filter")),
    "blocked natively": lambda h: h.json(200, chat({"content": ""}, native_finish_reason="IMAGE_SAFETY")),
    "bomb": lambda h: h.send(200, gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}),
    "deep": lambda h: h.send(200, b"[" * 100_000),
    "drop": lambda h: h.drop(),
    "endless": lambda h: h.stream(lambda: b" " * 65_536),
    "error in endless words": lambda h: h.send(500, b"x" * 3_000_000),
    "no choices": lambda h: h.json(200, {"choices": []}),
    "packed unasked": lambda h: h.send(200, b"zstd", {"Content-Encoding": "zstd"}),
    "packed and cut": lambda h: h.send(
        200, gzip.compress(json.dumps(chat({"images": pictures(1)})).encode())[:-20], {"Content-Encoding": "gzip"}
    ),
    "redirect": lambda h: h.send(307, b"", {"Location": h.owner.elsewhere}),
    "refusal": lambda h: h.json(200, chat({"refusal": "I will not"})),
    "silent": lambda h: h.silence(),
    "slow": lambda h: h.stream(lambda: time.sleep(0.05) or b" "),
    "text only": lambda h: h.json(200, chat({})),
    "truncated": lambda h: h.send(200, json.dumps(chat({"images": pictures(1)})).encode()[:-40], declared=9_999),
    "truncated json": lambda h: h.send(200, json.dumps(chat({"images": pictures(1)})).encode()[:-40]),
}

MOODS: dict[str, Mood] = GOOD | BAD
