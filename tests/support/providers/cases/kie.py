"""KIE's Runway and Veo."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from domain.ports import Outgoing
from tests.support.providers.case import BODY_BYTES_MAX, LOST, NOON, SECRET, Callbacks, Case, Long, Made, Outcome, job_of
from tests.support.providers.kie_server import CLIP, TASK, KieServer, signed
from workers.providers.kie_runway.provider import KieRunwayProvider
from workers.providers.kie_veo.provider import KieVeoProvider

AT = int(NOON.timestamp())
RUNWAY_BODY = {"code": 200, "msg": "ok", "data": {"task_id": TASK, "video_id": "485d", "video_url": "", "image_url": ""}}
VEO_BODY = {"code": 200, "msg": "ok", "data": {"taskId": TASK, "info": {"resultUrls": "[]"}}}
#: At the submit, where an HTTP 200 may carry any code.
SUBMIT: dict[str, Outcome] = {
    "blocked": ("content_rejected", False),
    "credit": ("insufficient_provider_credit", False),
    "error in 200": ("provider_error", True),
    "image fetch failed": ("provider_error", True),
    "maintenance": ("overloaded", True),
    "no code": LOST,
    "no task": LOST,
    "odd task": LOST,
    "switched off": ("model_retired", False),
    "too many": ("rate_limited", True),
}
FAILED: dict[str, Outcome] = {
    "concurrency": ("rate_limited", True),
    "empty": ("no_output", True),
    "failed": ("provider_error", True),
    "failed in the envelope": ("provider_error", True),
    "moderated": ("content_rejected", False),
    "out of credit": ("insufficient_provider_credit", False),
    "silent upstream": ("timeout", True),
    "too large": ("invalid_request", False),
}
Callback = tuple[Mapping[str, str], bytes]


def make(kind: Any, server: KieServer, *, outgoing: Outgoing, api_key: str | None, callback_secret: str | None = None) -> Any:
    return kind(
        base_url=server.origin, api_key=api_key, outgoing=outgoing, callback_secret=callback_secret, body_bytes_max=BODY_BYTES_MAX
    )  # fmt: skip


def callbacks(document: dict[str, Any]) -> Callbacks:
    body = json.dumps(document).encode()

    def forged() -> dict[str, Callback]:
        good = signed(SECRET, TASK, AT)
        return {
            "another key": (signed("another key", TASK, AT), body),
            "another task": (good, body.replace(TASK.encode(), b"another")),
            "another time": (good | {"X-Webhook-Timestamp": str(AT + 1)}, body),
            "no headers": ({}, body),
            "no json": (good, b"task_id=" + TASK.encode()),
            "no signature": ({"X-Webhook-Timestamp": str(AT)}, body),
            "no task": (good, b'{"code": 200, "data": {}}'),
            "no time": (good | {"X-Webhook-Timestamp": "now"}, body),
            "signature that is no text": (good | {"X-Webhook-Signature": "é"}, body),
        }

    return Callbacks(good=lambda: (signed(SECRET, TASK, AT), body), forged=forged)


CASES = [
    Case(
        name="kie runway",
        server=KieServer,
        make=functools.partial(make, KieRunwayProvider),
        job=job_of("video", upstream="runway", params={"duration": 5, "quality": "720p", "aspect_ratio": "16:9"}),
        makes=Made(artefacts=[CLIP], usage={"second": 5}),
        own=SUBMIT,
        long=Long(
            running={"wait": None, "queueing": None, "queuing": None, "generating": None, "in a state of the future": None},
            failed=FAILED | {"expired": LOST},
            callbacks=callbacks(RUNWAY_BODY),
            can_cancel=False,
        ),
    ),
    Case(
        name="kie veo",
        server=functools.partial(KieServer, "veo"),
        make=functools.partial(make, KieVeoProvider),
        job=job_of("video", upstream="veo3_fast", params={"duration": 8, "aspect_ratio": "16:9", "seed": 7}),
        makes=Made(artefacts=[CLIP], usage={"second": 8}),
        own=SUBMIT,
        long=Long(
            running={"running": None},
            failed=FAILED | {"refused": ("provider_error", True)},
            callbacks=callbacks(VEO_BODY),
            can_cancel=False,
        ),
    ),
]
