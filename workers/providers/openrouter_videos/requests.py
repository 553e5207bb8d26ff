"""What is asked. A model's `adapter` may name fields to send as they stand: `body = { generate_audio = true }`."""

from typing import Any

from domain.providers.jobs import Input, Job
from workers.providers.wire.base64s import data_url
from workers.providers.wire.fields import prompt_of

#: The first input begins the clip, the second ends it; what the model draws from is told in `input_references` instead.
FRAMES = ("first_frame", "last_frame")


def asked_of(job: Job, callback_url: str | None) -> dict[str, Any]:
    params = job.params
    body: dict[str, Any] = {"model": job.upstream, "prompt": prompt_of(job, ())}
    named = {"duration": "duration", "resolution": "quality", "aspect_ratio": "aspect_ratio", "seed": "seed"}
    body |= {field: params[word] for field, word in named.items() if params.get(word) is not None}
    if len(job.inputs) > len(FRAMES):
        body["input_references"] = [_picture(given) for given in job.inputs]
    elif job.inputs:
        body["frame_images"] = [_picture(given) | {"frame_type": frame} for given, frame in zip(job.inputs, FRAMES, strict=False)]
    if callback_url:
        body["callback_url"] = callback_url
    return body | job.adapter.get("body", {})


def _picture(given: Input) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(given.data, given.content_type)}}
