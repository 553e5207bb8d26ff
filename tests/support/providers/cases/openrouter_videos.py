"""Clips over OpenRouter, from words and from a first frame."""

import json
from collections.abc import Mapping
from typing import Any

from domain.ports import Outgoing
from tests.support.providers.case import BODY_BYTES_MAX, LOST, NOON, PICTURE, SECRET, Callbacks, Case, Long, Made, job_of
from tests.support.providers.openrouter_videos_server import CLIP, RUNNING, OpenRouterVideosServer, signed
from workers.providers.openrouter_videos.provider import OpenRouterVideosProvider

BODY = json.dumps({"type": "video.generation.completed", "data": {"id": "vid_abc-1", "status": "completed"}}).encode()
AT = int(NOON.timestamp())


def make(server: OpenRouterVideosServer, *, outgoing: Outgoing, api_key: str | None, **more: Any) -> OpenRouterVideosProvider:
    return OpenRouterVideosProvider(base_url=server.url, api_key=api_key, outgoing=outgoing, body_bytes_max=BODY_BYTES_MAX, **more)


def forged() -> Mapping[str, tuple[Mapping[str, str], bytes]]:
    right = signed(BODY, at=AT, secret=SECRET)
    return {
        "another body": (right, BODY.replace(b"completed", b"failed")),
        "another secret": (signed(BODY, at=AT, secret="guessed"), BODY),
        "another time": ({"X-OpenRouter-Signature": right["X-OpenRouter-Signature"].replace(str(AT), str(AT + 1))}, BODY),
        "no signature": ({}, BODY),
        "no time": ({"X-OpenRouter-Signature": right["X-OpenRouter-Signature"].partition(",")[2]}, BODY),
        "nonsense": ({"X-OpenRouter-Signature": "t=now,v1=ünsigned"}, BODY),
    }


CASES = [
    Case(
        name="openrouter videos",
        server=OpenRouterVideosServer,
        make=make,
        job=job_of("video", inputs=[PICTURE], params={"duration": 8, "quality": "720p", "aspect_ratio": "16:9", "seed": 7, "triggers": []}),
        makes=Made(artefacts=[CLIP], usage={"second": 8}),
        own={
            "an id that leads elsewhere": LOST,
            "blocked": ("content_rejected", False),
            "error in 200": ("rate_limited", True),
            "no id": LOST,
        },
        long=Long(
            running=dict.fromkeys(RUNNING),
            failed={
                "canceled": ("provider_error", True),
                "empty": ("no_output", True),
                "expired": ("timeout", True),
                "failed": ("provider_error", True),
                "failed for its content": ("content_rejected", False),
                "failed with a code": ("insufficient_provider_credit", False),
                "failed without a word": ("provider_error", True),
            },
            callbacks=Callbacks(good=lambda: (signed(BODY, at=AT, secret=SECRET), BODY), forged=forged),
            can_cancel=False,
            keyed_download=True,
        ),
    )
]
