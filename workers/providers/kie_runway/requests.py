"""What is asked of Runway."""

from typing import Any

from domain.providers.jobs import Job, ProviderFailure
from workers.providers.wire.fields import prompt_of

PROMPT_CHARS_MAX = 1_800
DURATIONS = (5, 10)
QUALITIES = ("720p", "1080p")
ASPECT_RATIOS = ("16:9", "4:3", "1:1", "3:4", "9:16")


def body_of(job: Job, inputs: int) -> dict[str, Any]:
    """Raises ProviderFailure for what Runway is known to refuse: it would only cost a call."""
    duration, quality = job.params.get("duration", 5), job.params.get("quality", "720p")
    prompt = prompt_of(job, {})
    if len(prompt) > PROMPT_CHARS_MAX:
        raise _refused(f"This model takes prompts of at most {PROMPT_CHARS_MAX} characters.")
    if duration not in DURATIONS or quality not in QUALITIES:
        raise _refused("This model makes clips of 5 or 10 seconds in 720p or 1080p.")
    if duration == 10 and quality == "1080p":
        raise _refused("This model makes clips of 10 seconds in 720p only.")
    if inputs > 1:
        raise _refused("This model takes one input, the first frame.")
    body: dict[str, Any] = {"prompt": prompt, "duration": duration, "quality": quality, "waterMark": ""}
    if not inputs:
        ratio = job.params.get("aspect_ratio", "16:9")
        if ratio not in ASPECT_RATIOS:
            raise _refused(f"This model makes clips of the aspect ratios {', '.join(ASPECT_RATIOS)}.")
        body["aspectRatio"] = ratio
    return body | job.adapter.get("body", {})


def _refused(sentence: str) -> ProviderFailure:
    return ProviderFailure("invalid_request", sentence)
