"""A vendor of pictures on loopback, in a process of its own: what a prompt says decides how it answers.

usage: python -m tests.soak.vendor     It prints its port and goes on until its input ends.

It speaks OpenAI's language for pictures that are awaited, and Replicate's for jobs that are parked.
"""

import asyncio
import json
import sys
import time
from base64 import b64encode
from itertools import count
from typing import Any

from tests.soak.wire import headers_of
from tests.support.protocol_server import PIXEL

#: Words in a prompt.
TRANSIENT, PERMANENT = "once overloaded", "never accepted"
#: A parked job takes so long.
JOB_SECONDS = 1.0


class Vendor:
    def __init__(self) -> None:
        self.origin = ""
        self.refused: set[str] = set()
        self.jobs: dict[str, float] = {}
        self.numbers = count(1)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path.endswith("/images/generations"):
            return self.picture(str(body.get("prompt", "")))
        if path.endswith("/cancel"):
            return 200, self.prediction(path.split("/")[-2], "canceled")
        if path.endswith("/predictions"):
            name = f"job{next(self.numbers):012d}"
            self.jobs[name] = time.monotonic() + JOB_SECONDS
            return 201, self.prediction(name, "starting")
        if "/predictions/" in path:
            return self.look(path.rsplit("/", 1)[1])
        return (200, PIXEL) if path == "/pixel.png" else (404, {"error": {"message": "no such page"}})

    def picture(self, prompt: str) -> tuple[int, Any]:
        if PERMANENT in prompt:
            return 400, {"error": {"message": "no", "type": "invalid_request_error", "code": "invalid_value"}}
        if TRANSIENT in prompt and prompt not in self.refused:
            self.refused.add(prompt)
            return 503, {"error": {"message": "later", "code": 503}}
        self.refused.discard(prompt)
        return 200, {"created": 1763700000, "data": [{"b64_json": b64encode(PIXEL).decode()}], "output_format": "png"}

    def look(self, name: str) -> tuple[int, Any]:
        if (ready := self.jobs.get(name)) is None:
            return 404, {"title": "no such job", "status": 404}
        if time.monotonic() < ready:
            return 200, self.prediction(name, "processing")
        return 200, self.prediction(name, "succeeded", output=[f"{self.origin}/pixel.png"])

    def prediction(self, name: str, status: str, **fields: Any) -> dict[str, Any]:
        known: dict[str, Any] = {
            "id": name,
            "model": "soak/slow",
            "status": status,
            "input": {},
            "output": None,
            "error": None,
            "logs": "",
            "urls": {},
        }
        return {**known, **fields}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
                sent = await reader.readexactly(int(headers_of(head).get("content-length", 0)))
                status, said = self.answer(method, path, json.loads(sent) if sent.startswith(b"{") else {})
                kind, data = ("image/png", said) if isinstance(said, bytes) else ("application/json", json.dumps(said).encode())
                writer.write(f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main() -> None:
    vendor = Vendor()
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    vendor.origin = f"http://127.0.0.1:{port}"
    print(port, flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
