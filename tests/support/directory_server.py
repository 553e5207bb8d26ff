"""The serving route of the directory store, reduced to what the contract needs: verify, then GET, HEAD and Range over real HTTP."""

import asyncio
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

from domain.assets.storage import ObjectMissing, SignedUrlRefused
from domain.ports import ObjectServing


class DirectoryServer:
    """Context manager. Serves `/objects/<key>` of the store that is set as `serving`."""

    serving: ObjectServing

    def __enter__(self) -> "DirectoryServer":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: DirectoryServer

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        fields = dict(parse_qsl(query, keep_blank_values=True))
        try:
            found = asyncio.run(self.owner.serving.verify(path.removeprefix("/objects/"), fields, now=datetime.now(UTC)))
        except (SignedUrlRefused, ObjectMissing) as refusal:
            return self._send(403 if isinstance(refusal, SignedUrlRefused) else 404, b"", {})
        data = Path(found.path).read_bytes()
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Disposition": found.content_disposition,
            "Content-Type": found.content_type,
            "ETag": found.etag,
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            return self._send(200, data, headers)
        start, end = map(int, asked.groups())
        return self._send(206, data[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{len(data)}"})

    do_HEAD = do_GET

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
