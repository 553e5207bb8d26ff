"""Stability AI over real HTTP on loopback, as third parties describe it."""

from base64 import b64encode
from typing import Any

from tests.support.protocol_server import PIXEL, Mood, ProtocolHandler, ProtocolServer, Request


class StabilityServer(ProtocolServer):
    handler = ProtocolHandler

    def behave(self, mood: str, *, at: str = "generate") -> None:
        super().behave(mood, at=at)

    def step(self, request: Request) -> str:
        return "generate"

    def known_moods(self) -> dict[str, Mood]:
        return dict(super().known_moods()) | MOODS

    def well(self, handler: Any) -> None:
        if not handler.asked.headers.get("Content-Type", "").startswith("multipart/form-data; boundary="):
            handler.json(400, {"id": "1", "name": "bad_request", "errors": ["content-type: must be multipart/form-data"]})
        else:
            handler.send(200, PIXEL, {"Content-Type": "image/png", "finish-reason": "SUCCESS", "seed": "7"})

    def failing(self, status: int) -> Any:
        return {"id": "1", "name": "a_name_of_its_own", "errors": ["secret words of the provider"]}


def named(status: int, name: str) -> Mood:
    return lambda h: h.json(status, {"id": "1", "name": name, "errors": ["secret"]})


def in_json(**fields: Any) -> Mood:
    return lambda h: h.json(200, {"image": b64encode(PIXEL).decode(), "finish_reason": "SUCCESS", "seed": 7} | fields)


MOODS: dict[str, Mood] = {
    "as json": in_json(),
    "bad base64": in_json(image="@@@"),
    "blocked": lambda h: h.send(200, PIXEL, {"Content-Type": "image/png", "finish-reason": "CONTENT_FILTERED"}),
    "blocked in json": in_json(finish_reason="CONTENT_FILTERED"),
    "empty": lambda h: h.send(200, b"", {"Content-Type": "image/png", "finish-reason": "SUCCESS"}),
    "empty json": in_json(image=""),
    "moderated": named(403, "content_moderation"),
    "only the first": lambda h: h.owner.well(h) if len(h.owner.requests) == 1 else h.fail(500),
    "out of credit": named(402, "payment_required"),
    "prompt refused": named(400, "invalid_prompts"),
}
