"""`/interactions`, in the background. A model's `adapter` may say:

delivery = "uri" | "inline"
format   = fields of `response_format` sent as they stand
"""

import re
from typing import Any

from domain.providers.jobs import Job, ProviderFailure
from workers.providers.gemini.failures import error_in, failure_of_error
from workers.providers.wire.base64s import encoded
from workers.providers.wire.failures import failed, rejects, table_of, unreadable
from workers.providers.wire.fields import prompt_of

PATH = "/interactions"
ID = re.compile(r"[A-Za-z0-9_.-]{1,300}")
FILE = re.compile(r"/files/([A-Za-z0-9_-]{1,100})(?=[:/?]|$)")
RUNNING = frozenset({"in_progress", "queued"})


def asked_of(job: Job) -> dict[str, Any]:
    """The length of a clip has no field: it is said in words."""
    text = prompt_of(job, ())
    if job.params.get("duration"):
        text += f"\nLength: {job.params['duration']} seconds."
    pictures = [{"type": "image", "data": encoded(given.data), "mime_type": given.content_type} for given in job.inputs]
    format = {"type": "video", "delivery": job.adapter.get("delivery", "uri")}
    named = {"aspect_ratio": "aspect_ratio", "resolution": "quality"}
    format |= {field: job.params[word] for field, word in named.items() if job.params.get(word)}
    task = "text_to_video" if not pictures else "image_to_video" if len(pictures) == 1 else "reference_to_video"
    return {
        "model": job.upstream,
        "input": [{"type": "text", "text": text}, *pictures] if pictures else text,
        "response_format": format | job.adapter.get("format", {}),
        "generation_config": {"video_config": {"task": task}},
        "background": True,
    }


def taken(body: bytes) -> tuple[str, str | None]:
    """The interaction's id, and the file of its clip if that is named already: a later look gives the clip itself instead.

    Raises ProviderFailure.
    """
    document = table_of(body)
    error = error_in(document)
    if error is not None and document.get("status") is None:
        raise failure_of_error(error, 200)
    interaction = document.get("id")
    if not isinstance(interaction, str) or not ID.fullmatch(interaction):
        raise unreadable()
    return interaction, next((file for file in map(file_in, _videos(document, "uri")) if file), None)


def found(document: dict[str, Any]) -> tuple[list[str], list[str]] | None:
    """Links and base64 of the clips; None while it runs.   Raises ProviderFailure."""
    match document.get("status"):
        case "completed":
            links, data = _videos(document, "uri"), _videos(document, "data")
            if not links and not data:
                raise failed("no_output")
            return links, data
        case "budget_exceeded":
            raise failed("insufficient_provider_credit")
        case "cancelled":
            raise ProviderFailure("provider_error", "The job was canceled at the provider.")
        case "failed" | "incomplete" | "requires_action":
            raise _failure(document)
        case status if status in RUNNING:
            return None
    if error_in(document) is not None:
        raise _failure(document)
    return None


def file_in(uri: str) -> str | None:
    """The id of the file that *uri* names."""
    named = FILE.search(uri)
    return named[1] if named else None


def is_ready(file: dict[str, Any]) -> bool:
    """Whether a file can be downloaded.   Raises ProviderFailure."""
    if file.get("state") == "FAILED":
        raise failed("provider_error", outcome_unknown=True)
    return file.get("state") == "ACTIVE"


def _failure(document: dict[str, Any]) -> ProviderFailure:
    error = error_in(document)
    if error is None:
        return failed("no_output" if document.get("status") == "incomplete" else "provider_error")
    return failed("content_rejected") if rejects(str(error.get("message"))) else failure_of_error(error, 200)


def _videos(document: dict[str, Any], field: str) -> list[str]:
    steps = document.get("steps")
    outputs = [step for step in (steps if isinstance(steps, list) else []) if isinstance(step, dict) and step.get("type") == "model_output"]
    contents = [each for step in outputs if isinstance(step.get("content"), list) for each in step["content"] if isinstance(each, dict)]
    return [each[field] for each in contents if each.get("type") == "video" and isinstance(each.get(field), str) and each[field]]
