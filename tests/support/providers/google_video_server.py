"""Google's videos: operations that are done or not, interactions in the background, files that must be active, downloads that move."""

from base64 import b64encode
from typing import Any

from tests.support.protocol_server import Mood, ProtocolHandler, ProtocolServer, Request
from tests.support.providers.gemini_server import STATUSES
from tests.support.providers.openrouter_videos_server import CLIP

NAME = "models/veo-1/operations/op-1"
INTERACTION = "v1_int-1"
FILE = "xyz-1"


class GoogleVideoServer(ProtocolServer):
    handler = ProtocolHandler
    #: What the download gives.
    clip = CLIP

    @property
    def url(self) -> str:
        return f"{self.origin}/v1beta"

    def step(self, request: Request) -> str:
        if request.method == "POST":
            return "submit"
        return "download" if ":download" in request.path or request.path.startswith("/blob") else "poll"

    def failing(self, status: int) -> Any:
        word = {"status": STATUSES[status]} if status in STATUSES else {}
        return {"error": {"code": status, "message": "secret words of the provider"} | word}

    def well(self, handler: ProtocolHandler) -> None:
        asked = handler.asked
        match asked.method, asked.path.removeprefix("/v1beta/"):
            case "POST", "models/veo-1:predictLongRunning":
                handler.json(200, {"name": NAME})
            case "POST", "interactions":
                handler.json(200, interaction("in_progress"))
            case "GET", name if name == NAME:
                uri = f"{self.url}/files/{FILE}:download?alt=media"
                handler.json(200, operation(generatedSamples=[{"video": {"uri": uri}}]))
            case "GET", "interactions/v1_int-1":
                handler.json(200, interaction("completed", video(uri=f"{self.url}/files/{FILE}")))
            case "GET", "files/xyz-1":
                handler.json(200, {"name": "files/xyz-1", "state": "ACTIVE"})
            case "GET", "files/xyz-1:download" if asked.query == "alt=media":
                # Its bytes lie elsewhere on the same host.
                handler.send(302, b"", {"Location": "/blob/xyz-1"})
            case "GET", "/blob/xyz-1":
                handler.send(200, self.clip, {"Content-Type": "video/mp4"})
            case _:
                handler.fail(404)


def operation(**response: Any) -> dict[str, Any]:
    return {"name": NAME, "done": True, "response": {"generateVideoResponse": response}}


def interaction(status: str, *content: dict[str, Any], **more: Any) -> dict[str, Any]:
    steps = [{"type": "thought"}, {"type": "model_output", "content": [{"type": "text", "text": "Here"}, *content]}]
    return {"id": INTERACTION, "status": status, "steps": steps if content else []} | more


def video(**fields: str) -> dict[str, Any]:
    return {"type": "video", "mime_type": "video/mp4"} | fields


def filtered(*reasons: str) -> dict[str, Any]:
    return operation(raiMediaFilteredCount=len(reasons), raiMediaFilteredReasons=list(reasons))


OPERATIONS: dict[str, Mood] = {
    "not done": lambda h: h.json(200, {"name": NAME}),
    "done is false": lambda h: h.json(200, {"name": NAME, "done": False, "metadata": {}}),
    # Neither a clip nor an error, in either protocol.
    "empty": lambda h: h.json(200, operation() | interaction("completed")),
    "failed inside": lambda h: h.json(200, {"name": NAME, "done": True, "error": {"code": 13, "message": "secret"}}),
    "failed for its content": lambda h: h.json(
        200, {"name": NAME, "done": True, "error": {"code": 3, "message": "secret: violates the usage guidelines"}}
    ),
    "filtered": lambda h: h.json(200, filtered("secret: a public figure")),
    "filtered for its sound": lambda h: h.json(200, filtered("secret: the audio did not pass")),
    "no response": lambda h: h.json(200, {"name": NAME, "done": True}),
    "unavailable inside": lambda h: h.json(200, {"name": NAME, "done": True, "error": {"code": 14, "message": "secret"}}),
}
INTERACTIONS: dict[str, Mood] = {
    "queued": lambda h: h.json(200, interaction("queued")),
    "working": lambda h: h.json(200, interaction("in_progress")),
    "a word of tomorrow": lambda h: h.json(200, interaction("pondering")),
    "budget": lambda h: h.json(200, interaction("budget_exceeded")),
    "canceled": lambda h: h.json(200, interaction("cancelled")),
    "failed": lambda h: h.json(200, interaction("failed", error={"code": 503, "status": "UNAVAILABLE", "message": "secret"})),
    "failed for safety": lambda h: h.json(200, interaction("failed", error={"code": 400, "message": "secret: safety filters"})),
    "failed without a word": lambda h: h.json(200, interaction("failed")),
    "incomplete": lambda h: h.json(200, interaction("incomplete")),
    "inline": lambda h: h.json(200, interaction("completed", video(data=b64encode(CLIP).decode()))),
}
SUBMITS: dict[str, Mood] = {
    "blocked": lambda h: h.json(403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "secret"}}),
    "error in 200": lambda h: h.json(200, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "secret"}}),
    "no name": lambda h: h.json(200, {"done": False}),
    "a name that leads elsewhere": lambda h: h.json(200, {"name": "models/x/../../../key", "id": "../../key", "status": "queued"}),
    "named at once": lambda h: h.json(200, interaction("in_progress", video(uri=f"{h.owner.url}/files/{FILE}"))),
}
GoogleVideoServer.MOODS = OPERATIONS | INTERACTIONS | SUBMITS
