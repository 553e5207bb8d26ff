"""What all protocol servers share: real HTTP on loopback, what was asked of them, and misbehaving on demand.

A server answers by `well`. `behave` names how it meets what comes next: one of its own MOODS, or one of TRANSPORT, which every
server can do. `at` limits a mood to one step of the protocol, as `step` names it.
"""

import gzip
import json
import select
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

#: A whole PNG of one red pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
SILENCE_SECONDS = 30
#: More than any test lets an adapter read.
FLOOD_BYTES = 20_000_000


@dataclass
class Request:
    """`path` without the query; `body` is the JSON value of what was sent, if it is one."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: str = ""
    sent: bytes = b""
    body: Any = field(default=None, repr=False)


class LoopbackServer:
    """Starts and stops: a context manager. `origin` is the address without a path, `authority` without the scheme."""

    handler: "ClassVar[type[LoopbackHandler]]"

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.released = threading.Event()
        #: Set when a client hung up on a server that was silent or in the middle of an answer.
        self.hung_up = threading.Event()
        #: Where redirects and links point.
        self.elsewhere = ""
        self.connections = 0

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), type("Handler", (self.handler,), {"owner": self}))
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.authority = f"127.0.0.1:{self._server.server_port}"
        self.origin = f"http://{self.authority}"
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class ProtocolServer(LoopbackServer):
    """Answers by `well`, or as it was told to behave."""

    handler: "ClassVar[type[ProtocolHandler]]"
    MOODS: "ClassVar[Mapping[str, Mood]]" = {}

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Well again, and nothing remembered."""
        self.hung_up.clear()
        self.elsewhere, self.connections = "", 0
        self.moods: dict[str, str] = {}
        self.requests: list[Request] = []

    def behave(self, mood: str, *, at: str = "") -> None:
        """From now on, until told otherwise."""
        assert mood in self.known_moods(), mood
        self.moods[at] = mood

    def known_moods(self) -> "Mapping[str, Mood]":
        return TRANSPORT | dict(self.MOODS)

    def step(self, request: Request) -> str:
        """Which step of the protocol *request* is."""
        return ""

    def well(self, handler: Any) -> None:
        """The answer of a server that is well to `handler.asked`."""
        raise NotImplementedError

    def failing(self, status: int) -> Any:
        """The JSON of an answer with *status*."""
        return {"error": {"code": status, "message": "secret words of the provider"}}

    def meet(self, handler: "ProtocolHandler") -> None:
        step = self.step(handler.asked)
        mood = self.moods.get(step) or self.moods.get("", "well")
        self.known_moods()[mood](handler)

    def asked(self, step: str) -> list[Request]:
        """The requests of one step."""
        return [request for request in self.requests if self.step(request) == step]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    owner: LoopbackServer

    def process_request(self, request: Any, client_address: Any) -> None:
        self.owner.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose here."""


class LoopbackHandler(BaseHTTPRequestHandler):
    """The many ways to answer."""

    protocol_version = "HTTP/1.1"
    # Small answers leave at once.
    wbufsize = -1
    disable_nagle_algorithm = True
    owner: Any
    #: Send half of what the answer is long / nothing of an answer that was made.
    cut_short = deaf = False

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the tests look at `requests`."""

    def json(self, status: int, document: Any, headers: Mapping[str, str] | None = None) -> None:
        self.send(status, json.dumps(document).encode(), {"Content-Type": "application/json"} | dict(headers or {}))

    def send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, declared: int | None = None) -> None:
        if self.deaf:
            self.drop()
            return
        if self.cut_short:
            body, declared = body[: len(body) // 2], len(body)
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

    def stream(self, piece: Callable[[], bytes], headers: Mapping[str, str] | None = None) -> None:
        """Pieces without end, or up to an empty one."""
        if self.deaf:
            self.drop()
            return
        self.send_response_only(200)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.owner.released.is_set():
            data = piece()
            try:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
            except OSError:
                self.owner.hung_up.set()
                raise
            if self.cut_short:
                self.drop()
            if self.cut_short or not data:
                return

    def silence(self) -> None:
        """No answer until the client hangs up, or the test is over."""
        until = time.monotonic() + SILENCE_SECONDS
        while not self.owner.released.is_set() and time.monotonic() < until:
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable and self.connection.recv(1) == b"":
                self.owner.hung_up.set()
                break
        self.close_connection = True

    def drop(self) -> None:
        self.close_connection = True


class ProtocolHandler(LoopbackHandler):
    """Notes what it was asked, and lets its server say how to meet it."""

    asked: Request

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked = Request(self.command, parts.path, dict(self.headers.items()), parts.query, sent, _json(sent))
        self.cut_short = self.deaf = False
        with self.owner.lock:
            self.owner.requests.append(self.asked)
        self.owner.meet(self)

    do_GET = do_PUT = do_DELETE = do_PATCH = do_POST

    def answer_cut_short(self) -> None:
        self.cut_short = True
        self.owner.well(self)

    def answer_unheard(self) -> None:
        """All is done; only the answer is lost."""
        self.deaf = True
        self.owner.well(self)

    def fail(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        self.json(status, self.owner.failing(status), headers)


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * FLOOD_BYTES, 1)


def _json(sent: bytes) -> Any:
    try:
        return json.loads(sent) if sent else None
    except ValueError:
        return None


Mood = Callable[[Any], None]
STATUSES = (400, 401, 402, 403, 404, 408, 422, 429, 500, 502, 503, 504)
#: What any server can do wrong, whatever its protocol.
TRANSPORT: dict[str, Mood] = {
    "well": lambda h: h.owner.well(h),
    "answer lost": lambda h: h.answer_unheard(),
    "bomb": lambda h: h.send(200, _bomb(), {"Content-Encoding": "gzip"}),
    "deep json": lambda h: h.send(200, b"[" * 100_000),
    "drop": lambda h: h.drop(),
    "endless": lambda h: h.stream(lambda: b" " * 65_536),
    "error in endless words": lambda h: h.send(500, b"x" * 3_000_000),
    "html": lambda h: h.send(200, b"<html>secret words</html>", {"Content-Type": "text/html"}),
    "limited": lambda h: h.fail(429, {"Retry-After": "7"}),
    "list": lambda h: h.json(200, [1, 2]),
    "nothing": lambda h: h.send(200, b""),
    "not utf-8": lambda h: h.send(200, b'{"id": "\xff"}'),
    "packed unasked": lambda h: h.send(200, b"secret", {"Content-Encoding": "zstd"}),
    "redirect": lambda h: h.send(307, b"", {"Location": h.owner.elsewhere}),
    "silent": lambda h: h.silence(),
    "slow": lambda h: h.stream(lambda: time.sleep(0.05) or b" "),
    "truncated": lambda h: h.answer_cut_short(),
} | {f"status {status}": lambda h, status=status: h.fail(status) for status in STATUSES}
