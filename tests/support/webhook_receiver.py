"""A receiver of webhooks on loopback, which takes them, refuses them or says nothing; and the check of signatures, written anew."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.support.protocol_server import LoopbackHandler, LoopbackServer

HANG, CLOSE = "hang", "close"
#: A status, a status with headers, or one of the words.
Answer = int | tuple[int, Mapping[str, str]] | str


@dataclass
class Heard:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    sent: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.sent)
        return found

    @property
    def type(self) -> str:
        return str(self.body["type"])


class Receiver(LoopbackServer):
    """Answers what was scripted for a path, one after the other; then, and without a script, `otherwise`."""

    def __init__(self) -> None:
        super().__init__()
        self.handler = _Handler
        self.heard: list[Heard] = []
        self.scripts: dict[str, list[Answer]] = {}
        self.otherwise: dict[str, Answer] = {}

    def script(self, path: str, *answers: Answer, then: Answer = 200) -> str:
        """The URL whose requests are answered so."""
        self.scripts[path], self.otherwise[path] = list(answers), then
        return self.origin + path

    def at(self, path: str) -> list[Heard]:
        with self.lock:
            return [heard for heard in self.heard if heard.path == path]

    def types(self, path: str) -> list[str]:
        return [heard.type for heard in self.at(path)]


class _Handler(LoopbackHandler):
    owner: Receiver

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        with self.owner.lock:
            self.owner.heard.append(Heard(path, {name.lower(): value for name, value in self.headers.items()}, sent))
            script = self.owner.scripts.get(path)
            answer = script.pop(0) if script else self.owner.otherwise.get(path, 200)
        if answer == HANG:
            self.silence()
        elif answer == CLOSE:
            self.drop()
        elif isinstance(answer, tuple):
            self.send(answer[0], b"the receiver's own words", answer[1])
        else:
            assert isinstance(answer, int)
            self.send(answer, b"the receiver's own words")


def verified(heard: Heard, *secrets: str) -> list[bool]:
    """For each of *secrets* whether one of the signatures is its own. As a receiver would, from the specification."""
    signed = b".".join([heard.headers["webhook-id"].encode(), heard.headers["webhook-timestamp"].encode(), heard.sent])
    given = [part.split(",", 1)[1] for part in heard.headers["webhook-signature"].split(" ") if part.startswith("v1,")]
    found = []
    for secret in secrets:
        key = base64.b64decode(secret.split("_", 1)[1])
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        found.append(any(hmac.compare_digest(expected, signature) for signature in given))
    return found
