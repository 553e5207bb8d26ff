"""`predictLongRunning` and its operations. A model's `adapter` says how its fields are written:

sends      = any of aspect_ratio, duration, negative_prompt, quality
seconds    = "number" | "text": the two spellings of durationSeconds
pictures   = "bytes" | "inline": `bytesBase64Encoded`, or `inlineData`
parameters = fields of `parameters` sent as they stand, such as { personGeneration = "allow_adult" }
"""

import re
from typing import Any
from urllib.parse import quote

from domain.providers.jobs import Input, Job, ProviderFailure
from workers.providers.gemini.failures import error_in, failure_of_error
from workers.providers.wire.base64s import encoded
from workers.providers.wire.failures import failed, rejects, table_of, unreadable
from workers.providers.wire.fields import prompt_of, unwanted_of

NAME = re.compile(r"models/[A-Za-z0-9_.-]{1,100}/operations/[A-Za-z0-9_.-]{1,200}")
SENDS = ("aspect_ratio", "duration", "quality")
REFERENCES_MAX = 3


def path_of(job: Job) -> str:
    return f"/models/{quote(job.upstream, safe='')}:predictLongRunning"


def asked_of(job: Job) -> dict[str, Any]:
    """One input begins the clip, a second ends it; three are drawn from.   Raises ProviderFailure."""
    sends, params = job.adapter.get("sends", SENDS), job.params
    told = ("negative_prompt",) if "negative_prompt" in sends else ()
    instance: dict[str, Any] = {"prompt": prompt_of(job, told)}
    pictures = [_picture(given, job.adapter.get("pictures", "bytes")) for given in job.inputs]
    if len(pictures) > REFERENCES_MAX:
        raise ProviderFailure("invalid_request", f"This model takes at most {REFERENCES_MAX} pictures.")
    if len(pictures) == REFERENCES_MAX:
        instance["referenceImages"] = [{"image": picture, "referenceType": "asset"} for picture in pictures]
    else:
        instance |= dict(zip(("image", "lastFrame"), pictures, strict=False))
    seconds = params.get("duration")
    options: dict[str, Any] = {
        "aspect_ratio": ("aspectRatio", params.get("aspect_ratio")),
        "duration": ("durationSeconds", str(seconds) if job.adapter.get("seconds") == "text" and seconds is not None else seconds),
        "negative_prompt": ("negativePrompt", unwanted_of(job)),
        "quality": ("resolution", params.get("quality")),
    }
    parameters = {name: value for word, (name, value) in options.items() if word in sends and value is not None}
    return {"instances": [instance], "parameters": parameters | job.adapter.get("parameters", {})}


def taken(body: bytes) -> str:
    """The name of the operation.   Raises ProviderFailure."""
    document = table_of(body)
    error = error_in(document)
    if error is not None:
        raise failure_of_error(error, 200)
    name = document.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise unreadable()
    return name


def found(operation: dict[str, Any]) -> list[str] | None:
    """Links to the clips; None while it runs.   Raises ProviderFailure.

    A clip that was filtered is an operation that is done, without an error and without samples.
    """
    if not operation.get("done"):
        return None
    error = error_in(operation)
    if error is not None:
        raise failed("content_rejected") if rejects(str(error.get("message"))) else failure_of_error(error, 200)
    answer = _table(_table(operation.get("response")).get("generateVideoResponse"))
    samples = answer.get("generatedSamples")
    uris = [_table(_table(sample).get("video")).get("uri") for sample in (samples if isinstance(samples, list) else [])]
    links = [uri for uri in uris if isinstance(uri, str) and uri]
    if links:
        return links
    reasons = answer.get("raiMediaFilteredReasons")
    if answer.get("raiMediaFilteredCount") or reasons:
        # The filter of the sound often errs, and lets the same words pass the next time. Blocked clips are not billed.
        heard = any("audio" in str(reason).lower() for reason in (reasons if isinstance(reasons, list) else [reasons]))
        raise failed("no_output" if heard else "content_rejected")
    raise failed("no_output")


def _picture(given: Input, way: str) -> dict[str, Any]:
    if way == "inline":
        return {"inlineData": {"mimeType": given.content_type, "data": encoded(given.data)}}
    return {"bytesBase64Encoded": encoded(given.data), "mimeType": given.content_type}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
