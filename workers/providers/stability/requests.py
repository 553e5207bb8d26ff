"""What is asked: always a multipart form. `upstream` is `core`, `sd3` or `ultra`."""

import re
from typing import Any

from domain.providers.jobs import Job, ProviderFailure
from workers.providers.wire.fields import prompt_of, ratio_of, unwanted_of

ASPECT_RATIOS = ("16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21")
FORMATS = {"png": "png", "jpeg": "jpeg", "webp": "webp"}
UPSTREAM = re.compile(r"[a-z0-9-]{1,32}")
#: A form without a file would be sent in another encoding; the server reads only this one.
NO_FILE = {"none": ("", b"")}


def path_of(job: Job) -> str:
    if not UPSTREAM.fullmatch(job.upstream):
        raise ProviderFailure("model_retired", "The provider has no such model.")
    return f"/v2beta/stable-image/generate/{job.upstream}"


def form_of(job: Job, number: int) -> dict[str, Any]:
    """The fields of the picture *number*: each has a seed of its own.   Raises ProviderFailure."""
    ratio = ratio_of(job) or "1:1"
    if ratio not in ASPECT_RATIOS:
        raise ProviderFailure("invalid_request", f"This model makes pictures of the aspect ratios {', '.join(ASPECT_RATIOS)}.")
    form: dict[str, Any] = {"prompt": prompt_of(job, {"negative_prompt": ""}), "aspect_ratio": ratio}
    form["output_format"] = FORMATS[job.params.get("format") or "png"]
    if unwanted_of(job):
        form["negative_prompt"] = unwanted_of(job)
    if job.params.get("seed") is not None:
        form["seed"] = str((job.params["seed"] + number) % 2**32)
    return form | {name: str(value) for name, value in job.adapter.get("body", {}).items()}
