"""A provider of long jobs, of no vendor, over real HTTP: POST /jobs, GET /jobs/<id>, GET /jobs?reference=, POST /jobs/<id>/cancel."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, Any]]


class ParkingServer:
    """A context manager. `submits` are all references in the order of their arrival, `arrivals` their times on the monotonic clock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.submits: list[str] = []
        self.arrivals: list[float] = []
        self.callbacks: dict[str, str | None] = {}
        self.polls = 0
        #: References: asked to stop.
        self.canceled: list[str] = []
        #: What a job looks like: status "running" with a progress, "done", or "failed" with a code.
        self.status: dict[str, Any] = {"status": "done"}
        #: (status, body) instead of taking a job.
        self.refuses: Answer | None = None
        #: Hang up on a submit without taking the job.
        self.hangs_up = False
        self.can_cancel = True
        #: Called with the reference when the job of a submit is taken, before its answer is on its way.
        self.took: Callable[[str], None] = lambda reference: None

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def times(self, reference: str) -> int:
        """How often it was asked to do this."""
        return self.submits.count(reference)

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        with self.lock:
            parts = path.strip("/").split("/")
            if method == "POST" and parts == ["jobs"]:
                return self._take(body)
            if method == "POST":
                self.canceled.append(self.jobs[parts[1]]["reference"])
                return (200, {}) if self.can_cancel else (409, {})
            if len(parts) == 2:
                self.polls += 1
                return 200, {**self.status, **self.jobs[parts[1]].get("status", {})}
            found = [name for name, job in self.jobs.items() if job["reference"] in query.get("reference", [])]
            return 200, {"ids": found}

    def _take(self, body: Any) -> Answer:
        reference = body["reference"]
        self.submits.append(reference)
        self.arrivals.append(time.monotonic())
        self.callbacks[reference] = body["callback_url"]
        if self.hangs_up:
            raise ConnectionResetError
        if self.refuses:
            return self.refuses
        name = f"job-{len(self.jobs)}"
        self.jobs[name] = {"reference": reference}
        return 201, {"id": name, "reference": reference}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ParkingServer

    def do_GET(self) -> None:
        self._serve("GET", None)

    def do_POST(self) -> None:
        self._serve("POST", json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))

    def _serve(self, method: str, body: Any) -> None:
        parts = urlsplit(self.path)
        status, answer = self.owner.answer(method, parts.path, parse_qs(parts.query), body)
        data = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        if "reference" in answer:
            self.owner.took(answer["reference"])
        self.wfile.write(head.encode() + data)

    def log_message(self, *args: Any) -> None:
        """Nothing."""
