"""ElevenLabs over real HTTP on loopback: speech as bytes, and its failures in their new and old shapes."""

from typing import Any

from tests.support.protocol_server import Mood, ProtocolHandler, ProtocolServer, Request

#: The head of an MP3 file, and some of one.
SPEECH = b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64" + b"speech of the tests" * 4


class ElevenLabsServer(ProtocolServer):
    handler = ProtocolHandler

    def behave(self, mood: str, *, at: str = "generate") -> None:
        super().behave(mood, at=at)

    def step(self, request: Request) -> str:
        return "generate"

    def known_moods(self) -> dict[str, Mood]:
        return dict(super().known_moods()) | MOODS

    def well(self, handler: Any) -> None:
        bare = "output_format=pcm" in handler.asked.query
        body, content_type = (b"\x01\x02" * 50, "audio/pcm") if bare else (SPEECH, "audio/mpeg")
        handler.send(200, body, {"Content-Type": content_type, "character-cost": "3", "request-id": "r1"})

    def failing(self, status: int) -> Any:
        return {"detail": {"type": "a_type", "code": "a_code", "message": "secret words of the provider", "status": "a_status"}}


def detailed(status_code: int, **detail: Any) -> Mood:
    return lambda h: h.json(status_code, {"detail": {"message": "secret", **detail}})


MOODS: dict[str, Mood] = {
    "blocked": detailed(400, type="validation_error", code="content_against_policy"),
    "busy": detailed(429, code="system_busy"),
    "concurrent": detailed(429, type="rate_limit_error", code="concurrent_limit_exceeded"),
    "empty": lambda h: h.send(200, b"", {"Content-Type": "audio/mpeg"}),
    "error in 200": lambda h: h.json(200, {"detail": {"status": "quota_exceeded"}}),
    "faulty": lambda h: h.json(422, {"detail": [{"loc": ["body", "text"], "msg": "secret", "type": "missing"}]}),
    "no such model": detailed(400, status="model_not_found"),
    "no such voice": detailed(404, status="voice_not_found"),
    "paid plan": detailed(402, type="payment_required", code="paid_plan_required"),
    "quota": detailed(401, status="quota_exceeded"),
    "unknown key": detailed(401, status="invalid_api_key"),
}
