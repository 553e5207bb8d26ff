"""KIE over real HTTP on loopback: Runway and Veo, its upload service, and the files that its results link to."""

import base64
import hmac
import json
from typing import Any

from tests.support.protocol_server import Mood, ProtocolHandler, ProtocolServer, Request

CLIP = b"\x00\x00\x00\x18ftypmp42" + b"a clip of the tests" * 4
TASK = "ee60d4e1f7a04c7d"


class KieServer(ProtocolServer):
    """Both families; `family` says which envelope a look gets."""

    handler = ProtocolHandler

    def __init__(self, family: str = "runway") -> None:
        self.family = family
        super().__init__()

    def behave(self, mood: str, *, at: str = "submit") -> None:
        super().behave(mood, at=at)

    def step(self, request: Request) -> str:
        if request.path.endswith("/generate"):
            return "submit"
        if request.path == "/api/file-stream-upload":
            return "upload"
        return "poll" if "/record-" in request.path else "file"

    def known_moods(self) -> dict[str, Mood]:
        return dict(super().known_moods()) | (RUNWAY if self.family == "runway" else VEO) | MOODS

    def well(self, handler: Any) -> None:
        match self.step(handler.asked):
            case "submit":
                handler.json(200, enveloped({"taskId": TASK}))
            case "upload":
                name = f"upload-{len(self.asked('upload'))}.png"
                handler.json(200, {"success": True} | enveloped({"fileName": name, "downloadUrl": f"{self.origin}/{name}"}))
            case "poll" if handler.asked.query == f"taskId={TASK}":
                (runway_done if self.family == "runway" else veo_done)(handler)
            case "poll":
                handler.json(200, enveloped(None, code=422, msg="recordInfo is null"))
            case _:
                handler.send(200, CLIP, {"Content-Type": "video/mp4"})

    def failing(self, status: int) -> Any:
        return enveloped(None, code=status, msg="secret words of the provider")


def enveloped(data: Any, *, code: int = 200, msg: str = "success") -> dict[str, Any]:
    return {"code": code, "msg": msg, "data": data}


def runway(state: str, **fields: Any) -> dict[str, Any]:
    return enveloped(
        {"taskId": TASK, "parentTaskId": "", "generateParam": {"prompt": "cat"}, "state": state, "generateTime": "2026-11-21 10:00:00",
         "videoInfo": None, "failCode": None, "failMsg": None, "expireFlag": 0} | fields
    )  # fmt: skip


def runway_done(handler: Any, **fields: Any) -> None:
    info = {"videoId": "485d", "taskId": TASK, "videoUrl": f"{handler.owner.origin}/x.mp4", "imageUrl": f"{handler.owner.origin}/x.png"}
    handler.json(200, runway("success", **({"videoInfo": info} | fields)))


def veo(flag: int, **fields: Any) -> dict[str, Any]:
    return enveloped({"taskId": TASK, "successFlag": flag, "response": None, "errorCode": None, "errorMessage": None} | fields)


def veo_done(handler: Any, *, packed: bool = False) -> None:
    urls: Any = [f"{handler.owner.origin}/x.mp4"]
    handler.json(200, veo(1, response={"taskId": TASK, "resultUrls": json.dumps(urls) if packed else urls}))


def failed(words: str) -> Mood:
    return lambda h: h.json(200, runway("fail", failCode=400, failMsg=words) if h.owner.family == "runway" else veo(3, errorMessage=words))


def told(code: int, msg: str = "secret words of the provider") -> Mood:
    """An HTTP 200 whose own code is another."""
    return lambda h: h.json(200, enveloped(None, code=code, msg=msg))


MOODS: dict[str, Mood] = {
    "blocked": told(422, "Your prompt was flagged as violating content policies"),
    "concurrency": failed("Maximum concurrent tasks reached"),
    "credit": told(402, "Insufficient credits"),
    "empty": lambda h: h.json(
        200, runway("success", videoInfo=None) if h.owner.family == "runway" else veo(1, response={"resultUrls": []})
    ),
    "error in 200": told(500),
    "failed": failed("secret words of the provider"),
    "failed in the envelope": told(501, "secret"),
    "image fetch failed": told(451),
    "maintenance": told(455),
    "moderated": failed("The content was rejected by the moderation system"),
    "no code": lambda h: h.json(200, {"data": {"taskId": TASK}}),
    "no task": lambda h: h.json(200, enveloped({})),
    "odd task": lambda h: h.json(200, enveloped({"taskId": "../veo"})),
    "out of credit": failed("Your account balance is insufficient"),
    "silent upstream": failed("Generation timed out"),
    "switched off": told(505),
    "too large": failed("Image size exceeds the limit"),
    "too many": told(429),
}
RUNWAY: dict[str, Mood] = {
    "expired": lambda h: runway_done(h, expireFlag=1),
    "generating": lambda h: h.json(200, runway("generating")),
    "in a state of the future": lambda h: h.json(200, runway("dreaming")),
    "queueing": lambda h: h.json(200, runway("queueing")),
    "queuing": lambda h: h.json(200, runway("queuing")),
    "wait": lambda h: h.json(200, runway("wait")),
}
VEO: dict[str, Mood] = {
    "packed links": lambda h: veo_done(h, packed=True),
    "refused": lambda h: h.json(200, veo(2, errorMessage="secret")),
    "running": lambda h: h.json(200, veo(0)),
}


def signed(key: str, task: str, timestamp: int) -> dict[str, str]:
    """The headers of a callback: the body is not part of it."""
    signature = base64.b64encode(hmac.digest(key.encode(), f"{task}.{timestamp}".encode(), "sha256")).decode()
    return {"X-Webhook-Timestamp": str(timestamp), "X-Webhook-Signature": signature}
