"""Gemini's `generateContent` and its stream: refusals with status 200, errors in lists of one, and a stream that just ends."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from tests.support.protocol_server import PIXEL, Mood, ProtocolHandler, ProtocolServer, Request

WORDS = ["Once ", "upon ", "a time — ünd 雪"]
TEXT = "".join(WORDS)
DATA = {"animal": "cat"}
USAGE = {"promptTokenCount": 11, "candidatesTokenCount": 20, "thoughtsTokenCount": 5, "totalTokenCount": 36}
#: HTTP status -> Google's word for it.
STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


class _Handler(ProtocolHandler):
    owner: "GeminiServer"

    def said(self, lines: Iterator[bytes] | list[bytes]) -> None:
        """A stream of those lines, each torn apart in the middle of a character if there is one."""
        torn = (half for line in lines for half in (line[: len(line) // 2], line[len(line) // 2 :]) if half)
        self.stream(lambda: next(torn, b""), {"Content-Type": "text/event-stream"})


class GeminiServer(ProtocolServer):
    handler = _Handler

    @property
    def url(self) -> str:
        return f"{self.origin}/v1beta"

    def step(self, request: Request) -> str:
        return "generate"

    def failing(self, status: int) -> Any:
        """In a list of one, as it is now and then."""
        return [
            {
                "error": {"code": status, "message": "secret words of the provider"}
                | ({"status": STATUSES[status]} if status in STATUSES else {})
            }
        ]

    def well(self, handler: _Handler) -> None:
        path, body = handler.asked.path, handler.asked.body
        config = body.get("generationConfig", {})
        if not path.startswith("/v1beta/models/vendor%2Fmodel-1:") or "key=" in handler.asked.query:
            handler.fail(404)
        elif path.endswith(":streamGenerateContent"):
            handler.said(chunks()) if handler.asked.query == "alt=sse" else handler.json(200, [reply([{"text": TEXT}])])
        elif "IMAGE" in config.get("responseModalities", ()):
            handler.json(200, reply([{"text": "Done"}, draft(), picture()]))
        elif "responseSchema" in config:
            handler.json(200, reply([{"text": "I think", "thought": True}, {"text": json.dumps(DATA)}]))
        else:
            handler.json(200, reply([{"text": "I think", "thought": True}, *({"text": word} for word in WORDS)]))


def picture() -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": b64encode(PIXEL).decode()}}


def draft() -> dict[str, Any]:
    """A picture that the model thought of, and not its answer."""
    return {"inlineData": {"mimeType": "image/png", "data": b64encode(b"draft").decode()}, "thought": True}


def reply(parts: list[Any] | None, reason: str | None = "STOP", **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "safetyRatings": []}
    candidate |= {"content": {"role": "model", "parts": parts}} if parts is not None else {}
    candidate |= {"finishReason": reason} if reason else {}
    return {"candidates": [candidate], "modelVersion": "model-1", "responseId": "r1", "usageMetadata": USAGE} | more


def chunks() -> Iterator[bytes]:
    for word in WORDS[:-1]:
        yield line(reply([{"text": word}], None, usageMetadata={"promptTokenCount": 11, "totalTokenCount": 11}))
    yield line(reply([{"text": WORDS[-1]}]))


def line(document: Any) -> bytes:
    return f"data: {json.dumps(document, ensure_ascii=False)}\r\n\r\n".encode()


def error(status: str, code: int, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "message": "secret", "status": status, "details": list(details)}}


def quota(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


BLOCKED = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": USAGE}
RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "22s"}
MOODS: dict[str, Mood] = {
    "bad key": lambda h: h.json(400, error("INVALID_ARGUMENT", 400, {"reason": "API_KEY_INVALID"})),
    "bad base64": lambda h: h.json(200, reply([{"inlineData": {"data": "@@@"}}])),
    "blocked": lambda h: h.json(200, BLOCKED),
    "blocked image": lambda h: h.json(200, reply(None, "IMAGE_SAFETY")),
    "blocked output": lambda h: h.json(200, reply([{"text": "Once"}], "SAFETY")),
    "cut by length": lambda h: h.json(200, reply([{"text": "Once"}], "MAX_TOKENS")),
    "empty": lambda h: h.json(200, reply([])),
    "error in 200": lambda h: h.json(200, [error("UNAVAILABLE", 503)]),
    "limited for a while": lambda h: h.json(429, error("RESOURCE_EXHAUSTED", 429, quota("RequestsPerMinute"), RETRY_INFO)),
    "limited for today": lambda h: h.json(429, error("RESOURCE_EXHAUSTED", 429, quota("GenerateRequestsPerDayPerProject"))),
    "no candidates": lambda h: h.json(200, {"usageMetadata": USAGE}),
    "no content": lambda h: h.json(200, reply(None)),
    "no image": lambda h: h.json(200, reply(None, "NO_IMAGE")),
    "odd shapes": lambda h: h.json(200, {"candidates": [{"content": {"parts": [None, 1, {"inlineData": 3}, {"text": 5}]}}]}),
    "region": lambda h: h.json(400, error("FAILED_PRECONDITION", 400)),
    "text only": lambda h: h.json(200, reply([{"text": "I cannot draw"}])),
    "stream breaks off": lambda h: h.said([line(reply([{"text": "Once "}], None))]),
    "stream fails barely": lambda h: h.said(
        [line(reply([{"text": "Once "}], None)), json.dumps([error("UNAVAILABLE", 503)], indent=2).encode()]
    ),
    "stream is refused at once": lambda h: h.said([line(BLOCKED)]),
    "stream is refused": lambda h: h.said([line(reply([{"text": "Once "}], None)), line(reply(None, "SAFETY"))]),
    "stream without a text": lambda h: h.said([line(reply(None))]),
}
GeminiServer.MOODS = MOODS
