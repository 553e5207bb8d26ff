"""Google's clips by both protocols."""

from typing import Any

from domain.ports import Outgoing
from tests.support.providers.case import BODY_BYTES_MAX, LOST, PICTURE, Case, Long, Made, job_of
from tests.support.providers.google_video_server import GoogleVideoServer
from tests.support.providers.openrouter_videos_server import CLIP
from workers.providers.google_video.provider import GoogleVideoProvider

PARAMS = {"duration": 8, "quality": "720p", "aspect_ratio": "16:9", "seed": None, "triggers": []}
SUBMITS = {"a name that leads elsewhere": LOST, "error in 200": ("rate_limited", True), "no name": LOST}
LACKS = {"blocked": "the job is taken, and filtered later"}


def make(server: GoogleVideoServer, *, outgoing: Outgoing, api_key: str | None, callback_secret: str | None = None) -> GoogleVideoProvider:
    """Its callbacks are not used, so there is no secret."""
    return GoogleVideoProvider(base_url=server.url, api_key=api_key, outgoing=outgoing, body_bytes_max=BODY_BYTES_MAX)


def case(name: str, **fields: Any) -> Case:
    return Case(
        name=f"google {name}",
        server=GoogleVideoServer,
        make=make,
        shows=lambda key: ("x-goog-api-key", key),
        makes=Made(artefacts=[CLIP], usage={"second": 8}),
        own=SUBMITS,
        lacks=LACKS,
        **fields,
    )


CASES = [
    case(
        "operations",
        job=job_of("video", upstream="veo-1", inputs=[PICTURE], params=PARAMS),
        long=Long(
            running={"done is false": None, "not done": None},
            failed={
                "empty": ("no_output", True),
                "failed for its content": ("content_rejected", False),
                "failed inside": ("provider_error", True),
                "filtered": ("content_rejected", False),
                "filtered for its sound": ("no_output", True),
                "no response": ("no_output", True),
                "unavailable inside": ("overloaded", True),
            },
            can_cancel=False,
            keyed_download=True,
        ),
    ),
    case(
        "interactions",
        job=job_of("video", upstream="omni-1", inputs=[PICTURE], params=PARAMS, adapter={"protocol": "interactions"}),
        long=Long(
            running={"a word of tomorrow": None, "queued": None, "working": None},
            failed={
                "budget": ("insufficient_provider_credit", False),
                "canceled": ("provider_error", True),
                "empty": ("no_output", True),
                "failed": ("overloaded", True),
                "failed for safety": ("content_rejected", False),
                "failed without a word": ("provider_error", True),
                "incomplete": ("no_output", True),
            },
            can_cancel=False,
            keyed_download=True,
        ),
    ),
]
