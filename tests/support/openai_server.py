"""A server that speaks OpenAI's language, OpenRouter's dialect of it included, over real HTTP on loopback."""

import gzip
import json
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from tests.support.protocol_server import PIXEL, Mood, ProtocolHandler, ProtocolServer, Request

KEY = "sk-of-the-tests"
#: What the model writes, chunk by chunk.
WORDS = ["Once ", "upon ", "a ", "time", " — ünd 雪"]
TEXT = "".join(WORDS)
DATA = {"animal": "cat", "count": 1}


class _Handler(ProtocolHandler):
    owner: "OpenAIServer"

    def said(self, lines: Iterator[bytes] | list[bytes]) -> None:
        """A stream of those lines, each torn apart in the middle: a network does not know where a line ends."""
        torn = (half for line in lines for half in (line[: len(line) // 2], line[len(line) // 2 :]) if half)
        self.stream(lambda: next(torn, b""), {"Content-Type": "text/event-stream", "X-Generation-Id": "gen-1"})


class OpenAIServer(ProtocolServer):
    """`url` is the base URL."""

    handler = _Handler

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    def behave(self, mood: str, *, at: str = "generate") -> None:
        super().behave(mood, at=at)

    def step(self, request: Request) -> str:
        return "link" if request.method == "GET" else "generate"

    def well(self, handler: _Handler) -> None:
        if handler.asked.method == "GET":
            link(handler)
            return
        body = handler.asked.body
        match handler.asked.path:
            case "/v1/chat/completions" if body.get("stream"):
                handler.said(chunks(body))
            case "/v1/chat/completions" if "image" in body.get("modalities", ()):
                handler.json(200, chat({"images": pictures(1)}), {"X-Generation-Id": "gen-1"})
            case "/v1/chat/completions" if "response_format" in body:
                handler.json(200, chat({"content": json.dumps(DATA)}))
            case "/v1/chat/completions":
                handler.json(200, chat({"content": TEXT}))
            case "/v1/images" | "/v1/images/edits" | "/v1/images/generations":
                handler.json(200, rows(handler))
            case _:
                handler.json(404, error(code="unknown_url"))


def link(handler: _Handler) -> None:
    """`/image` is a picture; whatever else misbehaves by its name."""
    path, owner = handler.asked.path, handler.owner
    if path.startswith("/image"):
        handler.send(200, PIXEL, {"Content-Type": "image/png"})
    elif path.startswith("/moved"):
        handler.send(302, b"", {"Location": owner.elsewhere})
    elif path.startswith("/round"):
        handler.send(302, b"", {"Location": "/round"})
    elif path.startswith("/endless"):
        handler.stream(lambda: b"x" * 65_536)
    elif path.startswith("/slow"):
        handler.stream(lambda: time.sleep(0.05) or b"x")
    elif path.startswith("/bomb"):
        handler.send(200, gzip.compress(b"\0" * 50_000_000), {"Content-Type": "image/png", "Content-Encoding": "gzip"})
    else:
        handler.send(404, b"no such thing, and a secret of the inner network")


def chunks(asked: dict[str, Any]) -> Iterator[bytes]:
    """A text as it is written, with OpenRouter's comments in between."""
    yield b": OPENROUTER PROCESSING\n\n"
    yield chunk({"role": "assistant", "content": ""})
    for word in WORDS:
        yield chunk({"content": word})
        yield b": OPENROUTER PROCESSING\n\n"
    yield chunk({}, finish_reason="stop")
    if asked.get("stream_options", {}).get("include_usage"):
        yield line({"choices": [], "usage": USAGE})
    yield b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return line({"id": "gen-1", "object": "chat.completion.chunk", "choices": [choice]} | more)


def line(document: Any) -> bytes:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n".encode()


USAGE = {"prompt_tokens": 9, "completion_tokens": 13, "total_tokens": 22, "cost": 0.039}


def data_url() -> str:
    return f"data:image/png;base64,{b64encode(PIXEL).decode()}"


def chat(message: dict[str, Any], **choice: Any) -> dict[str, Any]:
    row = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Here it is"} | message} | choice
    return {"id": "gen-1", "model": "m", "choices": [row], "usage": USAGE}


def pictures(count: int) -> list[dict[str, Any]]:
    return [{"type": "image_url", "image_url": {"url": data_url()}} for _ in range(count)]


def rows(handler: _Handler, **row: Any) -> dict[str, Any]:
    form = re.search(rb'name="n"\r\n\r\n([0-9]+)', handler.asked.sent)
    count = int(form[1]) if form else (handler.asked.body or {}).get("n", 1)
    return {"created": 1763700000, "data": [row or {"b64_json": b64encode(PIXEL).decode()} for _ in range(count)], "output_format": "png"}


def error(**fields: Any) -> dict[str, Any]:
    return {"error": {"message": "secret words of the provider", **fields}}


#: Answers that carry an image.
GOOD: dict[str, Mood] = {
    "chat": lambda h: h.json(200, chat({"images": pictures(1)})),
    "chat with bare base64": lambda h: h.json(200, chat({"images": [{"image_url": {"url": b64encode(PIXEL).decode()}}]})),
    "chat with content parts": lambda h: h.json(200, chat({"content": [{"type": "text", "text": "here"}, *pictures(1)]})),
    "chat with a bare string": lambda h: h.json(200, chat({"images": [{"type": "image_url", "image_url": data_url()}]})),
    "chat with a link": lambda h: h.json(200, chat({"images": [{"image_url": {"url": h.owner.elsewhere}}]})),
    "chat packed": lambda h: h.send(200, gzip.compress(json.dumps(chat({"images": pictures(1)})).encode()), {"Content-Encoding": "gzip"}),
    "images": lambda h: h.json(200, rows(h)),
    "images as links": lambda h: h.json(200, rows(h, url=h.owner.elsewhere)),
    "images of another type": lambda h: h.json(200, rows(h, b64_json=b64encode(PIXEL).decode(), media_type="image/webp")),
    "more images than asked for": lambda h: h.json(200, chat({"images": pictures(9)})),
}

#: A schema's answer, wrapped as for a reader.
WRAPPED: dict[str, Mood] = {
    "json in a fence": lambda h: h.json(200, chat({"content": f"```json\n{json.dumps(DATA)}\n```"})),
}

#: What providers do wrong, or rightly refuse.
BAD: dict[str, Mood] = {
    "200 with a choice in error": lambda h: h.json(200, chat({}, finish_reason="error", error={"code": 502, "message": "secret"})),
    "200 with an error": lambda h: h.json(200, error(code=429, metadata={"error_type": "rate_limit_exceeded"})),
    "200 with an error as text": lambda h: h.json(200, {"error": "secret"}),
    "200 with odd shapes": lambda h: h.json(
        200, {"choices": [{"message": {"images": [None, 1, {"image_url": None}, {"image_url": {"url": 5}}]}}]}
    ),
    "400": lambda h: h.json(400, error(type="invalid_request_error", param="size", code="invalid_value")),
    "400 moderation": lambda h: h.json(400, error(type="image_generation_user_error", code="moderation_blocked")),
    "400 retired": lambda h: h.json(400, error(code="model_not_found")),
    "401": lambda h: h.json(401, error(code="invalid_api_key")),
    "402 flat": lambda h: h.json(402, {"type": "payment_required", "message": "Not enough credits, secret"}),
    "402 flat with 200": lambda h: h.json(200, {"error": {"type": "payment_required"}}),
    "403": lambda h: h.json(403, error(code=403)),
    "403 moderation": lambda h: h.json(403, error(code=403, metadata={"reasons": ["violence"], "flagged_input": "secret"})),
    "404": lambda h: h.json(404, error(code=404)),
    "429": lambda h: h.json(429, error(code="rate_limit_exceeded"), {"Retry-After": "7"}),
    "429 by date": lambda h: h.json(
        429, error(code=429), {"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    ),
    "429 far away": lambda h: h.json(429, error(code=429), {"Retry-After": "999999999"}),
    "429 in milliseconds": lambda h: h.json(429, error(code=429), {"retry-after-ms": "1500"}),
    "429 nonsense": lambda h: h.json(429, error(code=429), {"Retry-After": "soon"}),
    "429 quota": lambda h: h.json(429, error(code="insufficient_quota")),
    "500": lambda h: h.send(500, b"<html>secret</html>"),
    "502": lambda h: h.json(502, error(code=502)),
    "503": lambda h: h.json(503, error(code=503, availability={"retryable": True, "retry_after": 12})),
    "504": lambda h: h.send(504, b""),
    "529": lambda h: h.json(529, error(code=529)),
    "empty": lambda h: h.json(200, {"choices": [{"message": {"content": None}, "finish_reason": "stop"}], "data": []}),
    "error in 200": lambda h: h.json(200, error(code=502, metadata={"error_type": "provider_overloaded"})),
    "bad base64": lambda h: h.json(200, {"data": [{"b64_json": "@@@"}]}),
    "blocked": lambda h: h.json(200, chat({"content": None}, finish_reason="content_filter")),
    "blocked natively": lambda h: h.json(200, chat({"content": ""}, native_finish_reason="IMAGE_SAFETY")),
    "no choices": lambda h: h.json(200, {"choices": []}),
    "packed and cut": lambda h: h.send(
        200, gzip.compress(json.dumps(chat({"images": pictures(1)})).encode())[:-20], {"Content-Encoding": "gzip"}
    ),
    "refusal": lambda h: h.json(200, chat({"refusal": "I will not"})),
    "text only": lambda h: h.json(200, chat({})),
    "truncated json": lambda h: h.send(200, json.dumps(chat({"images": pictures(1)})).encode()[:-40]),
}

#: Streams that do not end well.
STREAMS: dict[str, Mood] = {
    "stream breaks off": lambda h: h.said([chunk({"content": "Once "})]),
    "stream cut by length": lambda h: h.said([chunk({"content": "Once "}), chunk({}, finish_reason="length"), b"data: [DONE]\n\n"]),
    "stream fails": lambda h: h.said(
        [
            chunk({"content": "Once "}),
            chunk({}, finish_reason="error", error={"code": 502, "message": "secret", "metadata": {"error_type": "provider_overloaded"}}),
        ]
    ),
    "stream fails barely": lambda h: h.said([chunk({"content": "Once "}), json.dumps(error(code=429), indent=1).encode()]),
    "stream is refused": lambda h: h.said([chunk({"content": "Once "}), chunk({}, finish_reason="content_filter")]),
    "stream of garbage": lambda h: h.said([b"data: {\n\n"]),
    "stream without a text": lambda h: h.said([chunk({}, finish_reason="stop"), b"data: [DONE]\n\n"]),
    "stream without done": lambda h: h.said([chunk({"content": TEXT}), chunk({}, finish_reason="stop")]),
}

OpenAIServer.MOODS = GOOD | WRAPPED | BAD | STREAMS
