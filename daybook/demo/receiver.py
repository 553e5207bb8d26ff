"""A receiver of webhooks on loopback, as a client of ours would run one: it checks every signature before it reads."""

import http.server
import threading
from http import HTTPStatus
from queue import Empty, Queue
from typing import Any

from daybook_client import Daybook, WebhookRefused, verify_webhook

from daybook.demo.disappointed import Disappointed
from daybook.demo.screen import Screen

TOLD = "generation.succeeded"
SECONDS_MAX = 30.0
BYTES_MAX = 1 << 20


class Receiver:
    """Listens from the start, so that its place can be allowed before the server begins."""

    def __init__(self) -> None:
        self._secret = ""
        self._checked: Queue[dict[str, Any]] = Queue()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhooks", daemon=True)
        self._thread.start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def register(self, client: Daybook, screen: Screen) -> None:
        """Tell the server where to call, and keep the secret that it shows once."""
        endpoint = client.post("/v1/webhook-endpoints", {"url": f"http://{self.place}/daybook", "events": [TOLD]})
        self._secret = endpoint["secret"]
        screen.line(f"webhook   {TOLD} goes to {endpoint['url']}")

    def wait(self, screen: Screen) -> None:
        """Until one delivery came whose signature holds."""
        try:
            payload = self._checked.get(timeout=SECONDS_MAX)
        except Empty:
            raise Disappointed(f"no webhook came within {SECONDS_MAX:.0f} s whose signature holds") from None
        screen.line(f"delivered {payload['type']} of {payload['data']['id']} to the webhook; its signature holds")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(min(BYTES_MAX, int(self.headers.get("content-length", 0))))
                try:
                    receiver._checked.put(verify_webhook(receiver._secret, dict(self.headers), body))
                    self.send_response(HTTPStatus.NO_CONTENT)
                except WebhookRefused:
                    self.send_response(HTTPStatus.BAD_REQUEST)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """It has nothing to say."""

        return Handler
