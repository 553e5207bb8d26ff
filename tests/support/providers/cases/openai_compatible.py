"""OpenAI's language: a picture by chat and by endpoint, an edit, an analysis, a text whole and streamed."""

from typing import Any

from domain.ports import Outgoing
from tests.support.openai_server import DATA, TEXT, OpenAIServer
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import BODY_BYTES_MAX, LOST, PICTURE, Case, Made, job_of
from workers.providers.openai_compatible.provider import OpenAICompatibleProvider

CHAT = {"endpoint": "chat", "sends": ["aspect_ratio"]}
IMAGES = {"endpoint": "images", "sends": ["count", "format", "mask", "size"]}
UNIFIED = {"endpoint": "openrouter-images", "sends": ["aspect_ratio", "count", "format", "seed"]}
COUNTED = {"input_token": 9, "output_token": 13}
OF_A_CHAT = {
    "200 with an error": ("rate_limited", True),
    "400 moderation": ("content_rejected", False),
    "400 retired": ("model_retired", False),
    "402 flat": ("insufficient_provider_credit", False),
    "403 moderation": ("content_rejected", False),
    "429 quota": ("insufficient_provider_credit", False),
    "blocked": ("content_rejected", False),
    "empty": ("no_output", True),
    "error in 200": ("overloaded", True),
    "refusal": ("content_rejected", False),
}


def make(server: OpenAIServer, *, outgoing: Outgoing, api_key: str | None) -> OpenAICompatibleProvider:
    return OpenAICompatibleProvider(base_url=server.url, api_key=api_key, outgoing=outgoing, body_bytes_max=BODY_BYTES_MAX)


def case(name: str, **fields: Any) -> Case:
    return Case(name=f"openai {name}", server=OpenAIServer, make=make, **({"own": OF_A_CHAT} | fields))


CASES = [
    case("image by chat", job=job_of("image", adapter=CHAT, params={"size": "1344x768"}), makes=Made(artefacts=[PIXEL], usage={"item": 1})),
    case(
        "images",
        job=job_of("image", adapter=IMAGES, params={"size": "1024x1024", "count": 2}),
        makes=Made(artefacts=[PIXEL, PIXEL], usage={"item": 2}),
        own={
            "400 moderation": ("content_rejected", False),
            "bad base64": LOST,
            "empty": ("no_output", True),
            "error in 200": ("overloaded", True),
        },
        lacks={"blocked": "a refusal has a status of its own"},
    ),
    case(
        "unified images",
        job=job_of("image", adapter=UNIFIED, params={"size": "1024x1024"}),
        makes=Made(artefacts=[PIXEL], usage={"item": 1}),
    ),
    case(
        "edit by chat",
        job=job_of("image_edit", adapter=CHAT, inputs=[PICTURE]),
        makes=Made(artefacts=[PIXEL], usage={"item": 1}),
    ),
    case(
        "edit",
        job=job_of("image_edit", adapter=IMAGES, inputs=[PICTURE, PICTURE], mask=PICTURE),
        makes=Made(artefacts=[PIXEL], usage={"item": 1}),
    ),
    case(
        "analysis",
        job=job_of("image_analysis", prompt="", inputs=[PICTURE], params={"question": "What is it?", "schema": None}),
        makes=Made(usage={"item": 1} | COUNTED, output={"text": TEXT}),
    ),
    case(
        "structured analysis",
        job=job_of("image_analysis", prompt="", inputs=[PICTURE], params={"question": None, "schema": {"type": "object"}}),
        makes=Made(usage={"item": 1} | COUNTED, output={"data": DATA, "text": '{"animal": "cat", "count": 1}'}),
        own=OF_A_CHAT | {"text only": ("no_output", True)},
    ),
    case(
        "text",
        job=job_of("text", params={"stream": False, "max_tokens": 100}),
        makes=Made(usage={"token": 22} | COUNTED, output={"text": TEXT, "finish_reason": "stop"}),
    ),
    case(
        "streamed text",
        job=job_of("text", params={"stream": True, "max_tokens": 100}, adapter={"sends": ["usage"]}),
        makes=Made(usage={"token": 22} | COUNTED, output={"text": TEXT, "finish_reason": "stop"}),
        own={
            "stream breaks off": LOST,
            "stream fails": ("overloaded", True),
            "stream fails barely": ("rate_limited", True),
            "stream is refused": ("content_rejected", False),
            "stream of garbage": LOST,
            "stream without a text": ("no_output", True),
        },
        lacks={
            "blocked": "named `stream is refused`",
            "empty": "named `stream without a text`",
            "error in 200": "named `stream fails`",
        },
    ),
]
