"""OpenRouter's `/videos`: 202 with an id, looked after by id, read from `/content`, told of by a signed callback."""

import hmac
from typing import Any

from tests.support.protocol_server import Mood, ProtocolHandler, ProtocolServer, Request

#: Enough of an MP4 for its magic bytes; adapters do not look inside.
CLIP = bytes.fromhex("0000001866747970") + b"isom\x00\x00\x02\x00isommp41" + b"clip" * 8


class OpenRouterVideosServer(ProtocolServer):
    handler = ProtocolHandler

    @property
    def url(self) -> str:
        return f"{self.origin}/api/v1"

    def step(self, request: Request) -> str:
        if request.method == "POST":
            return "submit"
        return "download" if request.path.endswith("/content") else "poll"

    def well(self, handler: ProtocolHandler) -> None:
        asked = handler.asked
        match asked.method, asked.path.removeprefix("/api/v1").split("/")[1:]:
            case "POST", ["videos"]:
                document = {"id": "vid_abc-1", "polling_url": f"{self.url}/videos/vid_abc-1", "status": "pending"}
                handler.json(202, document, {"X-Generation-Id": "gen-1"})
            case "GET", ["videos", "vid_abc-1"]:
                handler.json(200, state("completed", unsigned_urls=["https://storage.invalid/0.mp4"], usage={"cost": 0.4}))
            case "GET", ["videos", "vid_abc-1", "content"] if asked.query == "index=0":
                handler.send(200, CLIP, {"Content-Type": "video/mp4"})
            case _:
                handler.fail(404)


def state(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "vid_abc-1", "generation_id": "gen-1", "polling_url": "https://openrouter.invalid/", "status": status} | more


def signed(body: bytes, *, at: int, secret: str) -> dict[str, str]:
    """The headers of a callback: time and body are joined with a comma."""
    signature = hmac.new(secret.encode(), f"{at},".encode() + body, "sha256").hexdigest()
    return {"X-OpenRouter-Signature": f"t={at},v1={signature}", "X-OpenRouter-Idempotency-Key": "evt-1"}


RUNNING: dict[str, Mood] = {
    "in progress": lambda h: h.json(200, state("in_progress")),
    "pending": lambda h: h.json(200, state("pending")),
    "a word of tomorrow": lambda h: h.json(200, state("warming_up")),
    "a page of a gateway": lambda h: h.send(200, b"<html>one moment</html>"),
}
ENDED: dict[str, Mood] = {
    "canceled": lambda h: h.json(200, state("cancelled")),
    "empty": lambda h: h.json(200, state("completed", unsigned_urls=[])),
    "expired": lambda h: h.json(200, state("expired")),
    "failed": lambda h: h.json(200, state("failed", error="secret: the upstream fell over")),
    "failed for its content": lambda h: h.json(200, state("failed", error="secret: blocked by the content policy")),
    "failed with a code": lambda h: h.json(200, state("failed", error={"code": 402, "message": "secret"})),
    "failed without a word": lambda h: h.json(200, state("failed")),
}
SUBMITS: dict[str, Mood] = {
    "blocked": lambda h: h.json(403, {"error": {"code": 403, "message": "secret", "metadata": {"reasons": ["violence"]}}}),
    "error in 200": lambda h: h.json(200, {"error": {"code": 429, "message": "secret"}}),
    "no id": lambda h: h.json(202, {"status": "pending"}),
    "an id that leads elsewhere": lambda h: h.json(202, {"id": "../../key", "status": "pending"}),
}
OpenRouterVideosServer.MOODS = RUNNING | ENDED | SUBMITS
