"""A receiver of webhooks on loopback: verifies each signature, refuses some, and keeps what it was told."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.soak.book import Book
from tests.soak.wire import headers_of

#: This share is answered with 500, so that it must come again.
REFUSED_SHARE = 0.01
FINALS = {"generation.succeeded", "generation.failed", "generation.canceled"}


@dataclass
class Endpoint:
    """What one endpoint was told: message ids that were taken, and of each generation the final events."""

    secret: str
    account: str
    taken: set[str] = field(default_factory=set)
    finals: dict[str, str] = field(default_factory=dict)


@dataclass
class Receiver:
    book: Book
    chance: random.Random
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    async def start(self) -> int:
        """The port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                headers = headers_of(head[:-4])
                sent = await reader.readexactly(int(headers.get("content-length", 0)))
                status = self._heard(head.split(b" ", 2)[1].decode(), headers, sent)
                writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _heard(self, path: str, headers: dict[str, str], sent: bytes) -> int:
        self.counts["requests"] += 1
        endpoint = self.endpoints.get(path)
        if endpoint is None:
            self.book.differ(f"a webhook at {path}, where nobody lives")
            return 404
        if not self.book.expect(signed(endpoint.secret, headers, sent), f"a webhook at {path} is not signed rightly"):
            return 400
        if self.chance.random() < REFUSED_SHARE:
            self.counts["refused"] += 1
            return 500
        message = headers["webhook-id"]
        if message in endpoint.taken:
            self.counts["again"] += 1
            return 200
        endpoint.taken.add(message)
        self._told(endpoint, json.loads(sent))
        return 200

    def _told(self, endpoint: Endpoint, event: dict[str, Any]) -> None:
        self.counts["events"] += 1
        data, type_ = event["data"], event["type"]
        if type_ not in FINALS:
            return
        self.book.expect(data["id"] not in endpoint.finals, f"a webhook tells a second end of {data['id']}: {type_}")
        self.book.expect(type_ == f"generation.{data['status']}", f"a webhook says {type_} of {data['id']}, which {data['status']}")
        endpoint.finals[data["id"]] = data["status"]


def signed(secret: str, headers: dict[str, str], sent: bytes) -> bool:
    """By Standard Webhooks, from the specification."""
    text = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), sent])
    key = base64.b64decode(secret.split("_", 1)[1])
    due = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    given = [part.split(",", 1)[1] for part in headers["webhook-signature"].split(" ") if part.startswith("v1,")]
    return any(hmac.compare_digest(due, each) for each in given)
