"""Gemini in its own language: a picture, an edit, an analysis, a text whole and streamed."""

import json
from typing import Any

from domain.ports import Outgoing
from tests.support.protocol_server import PIXEL
from tests.support.providers.case import BODY_BYTES_MAX, LOST, PICTURE, Case, Made, job_of
from tests.support.providers.gemini_server import DATA, TEXT, GeminiServer
from workers.providers.gemini.provider import GeminiProvider

COUNTED = {"input_token": 11, "output_token": 25}
OF_ALL = {
    "bad key": ("auth", False),
    "blocked": ("content_rejected", False),
    "blocked image": ("content_rejected", False),
    "empty": ("no_output", True),
    "error in 200": ("overloaded", True),
    "limited for today": ("insufficient_provider_credit", False),
    "no candidates": ("no_output", True),
    "no content": ("no_output", True),
    "no image": ("no_output", True),
    "odd shapes": ("no_output", True),
    "region": ("auth", False),
}
OF_WORDS = OF_ALL | {"blocked output": ("content_rejected", False)}


def make(server: GeminiServer, *, outgoing: Outgoing, api_key: str | None) -> GeminiProvider:
    return GeminiProvider(base_url=server.url, api_key=api_key, outgoing=outgoing, body_bytes_max=BODY_BYTES_MAX)


def case(name: str, **fields: Any) -> Case:
    return Case(name=f"gemini {name}", server=GeminiServer, make=make, shows=lambda key: ("x-goog-api-key", key), **fields)


CASES = [
    case(
        "image",
        job=job_of("image", params={"size": "1344x768", "seed": 7, "count": 1}, adapter={"sends": ["aspect_ratio", "seed"]}),
        makes=Made(artefacts=[PIXEL], usage={"item": 1}),
        own=OF_ALL | {"bad base64": LOST, "blocked output": ("content_rejected", False), "text only": ("no_output", True)},
    ),
    case("edit", job=job_of("image_edit", inputs=[PICTURE]), makes=Made(artefacts=[PIXEL], usage={"item": 1}), own=OF_ALL),
    case(
        "analysis",
        job=job_of("image_analysis", prompt="", inputs=[PICTURE], params={"question": "What is it?", "schema": None}),
        makes=Made(usage={"item": 1} | COUNTED, output={"text": TEXT}),
        own=OF_WORDS,
    ),
    case(
        "structured analysis",
        job=job_of("image_analysis", prompt="", inputs=[PICTURE], params={"question": None, "schema": {"type": "object"}}),
        makes=Made(usage={"item": 1} | COUNTED, output={"data": DATA, "text": json.dumps(DATA)}),
        own=OF_WORDS | {"text only": ("no_output", True)},
    ),
    case(
        "text",
        job=job_of("text", params={"stream": False, "max_tokens": 100, "system": "Be brief."}),
        makes=Made(usage={"token": 36} | COUNTED, output={"text": TEXT, "finish_reason": "stop"}),
        own=OF_WORDS,
    ),
    case(
        "streamed text",
        job=job_of("text", params={"stream": True, "max_tokens": 100}),
        makes=Made(usage={"token": 36} | COUNTED, output={"text": TEXT, "finish_reason": "stop"}),
        own={
            "stream breaks off": LOST,
            "stream fails barely": ("overloaded", True),
            "stream is refused": ("content_rejected", False),
            "stream is refused at once": ("content_rejected", False),
            "stream without a text": ("no_output", True),
        },
        lacks={
            "blocked": "named `stream is refused at once`",
            "empty": "named `stream without a text`",
            "error in 200": "named `stream fails barely`",
        },
    ),
]
