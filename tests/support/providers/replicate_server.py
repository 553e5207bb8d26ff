"""Replicate over real HTTP on loopback: predictions, its file store, and the files that results link to."""

import base64
import hmac
from typing import Any

from tests.support.protocol_server import PIXEL, Mood, ProtocolHandler, ProtocolServer, Request

ID = "gm3qorzdhgbfurvjtvhg6dckhu"


class ReplicateServer(ProtocolServer):
    """`url` is the base URL."""

    handler = ProtocolHandler

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    def behave(self, mood: str, *, at: str = "submit") -> None:
        super().behave(mood, at=at)

    def step(self, request: Request) -> str:
        if request.path.endswith("/predictions"):
            return "submit"
        if request.path.endswith("/cancel"):
            return "cancel"
        if request.path == "/v1/files":
            return "upload"
        return "poll" if "/predictions/" in request.path else "file"

    def known_moods(self) -> dict[str, Mood]:
        return dict(super().known_moods()) | MOODS

    def well(self, handler: Any) -> None:
        match self.step(handler.asked):
            case "submit":
                handler.json(201, self.prediction("starting"))
            case "poll" if handler.asked.path == f"/v1/predictions/{ID}":
                handler.json(200, self.prediction("succeeded", output=[f"{self.origin}/out-0.png", f"{self.origin}/out-1.png"]))
            case "poll":
                handler.fail(404)
            case "cancel":
                handler.json(200, self.prediction("canceled"))
            case "upload":
                handler.json(201, {"id": "f1", "name": "x", "urls": {"get": f"{self.url}/files/f1"}})
            case _:
                handler.send(200, PIXEL, {"Content-Type": "image/png"})

    def prediction(self, status: str, **fields: Any) -> dict[str, Any]:
        # Its own URLs point elsewhere here: whoever follows them would carry the key there.
        urls = {"get": f"{self.elsewhere or 'http://127.0.0.1:9'}/steal", "cancel": f"{self.elsewhere or 'http://127.0.0.1:9'}/steal"}
        return {
            "id": ID, "model": "owner/name", "status": status, "input": {}, "output": None, "error": None, "logs": "",
            "metrics": {"predict_time": 1.2}, "urls": urls, "created_at": "2026-11-21T10:00:00Z",
        } | fields  # fmt: skip

    def failing(self, status: int) -> Any:
        return {"title": "secret", "detail": "secret words of the provider", "status": status}


def stands(status: str, **fields: Any) -> Mood:
    return lambda h: h.json(200, h.owner.prediction(status, **fields))


MOODS: dict[str, Mood] = {
    "aborted": stands("aborted"),
    "blocked": stands("failed", error="NSFW content detected. Try running it again, or try a different prompt."),
    "canceled": stands("canceled"),
    "deleted": stands("succeeded", data_removed=True),
    "empty": stands("succeeded", output=[]),
    "failed": stands("failed", error="secret"),
    "failed without words": stands("failed", error=None),
    "in a state of the future": stands("dreaming"),
    "no id": lambda h: h.json(201, {"status": "starting"}),
    "nothing came of it": stands("succeeded", output=None),
    "odd id": lambda h: h.json(201, h.owner.prediction("starting", id="../models")),
    "one link": lambda h: h.json(200, h.owner.prediction("succeeded", output=f"{h.owner.origin}/out.png")),
    "out of memory": stands("failed", error="CUDA out of memory. Tried to allocate 2.00 GiB"),
    "output of its own shape": lambda h: h.json(
        200, h.owner.prediction("succeeded", output={"seed": 5, "files": [{"image": f"{h.owner.origin}/out.png"}], "note": "no link"})
    ),
    "processing": stands("processing", logs="seed 7\n  5%|#   | 1/20\n 45%|####  | 9/20 [00:01<00:02]"),
    "processing in silence": stands("processing", logs=None),
    "starting": stands("starting"),
    "wrong input": stands("failed", error="Prediction input failed validation: width must be less than 2048"),
}


def signed(secret: str, name: str, timestamp: int, body: bytes) -> dict[str, str]:
    """By Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = base64.b64encode(hmac.digest(key, f"{name}.{timestamp}.".encode() + body, "sha256")).decode()
    return {"Webhook-Id": name, "Webhook-Timestamp": str(timestamp), "Webhook-Signature": f"v1,{made}"}
