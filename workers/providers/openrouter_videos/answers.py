"""What comes back: `pending`, `in_progress`, `completed`, `failed`; callbacks also say `cancelled` and `expired`."""

import re
from typing import Any

from domain.providers.jobs import ProviderFailure
from workers.providers.openai_compatible.failures import failure_of_body
from workers.providers.wire.failures import failed, rejects, table_of, unreadable

VIDEO_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
RUNNING = frozenset({"in_progress", "pending", "queued"})


def taken(body: bytes) -> str:
    """The id of the job that was taken.   Raises ProviderFailure."""
    document = table_of(body)
    if document.get("error"):
        raise failure_of_body(200, document)
    video_id = document.get("id")
    if not isinstance(video_id, str) or not VIDEO_ID.fullmatch(video_id):
        raise unreadable()
    return video_id


def done(document: dict[str, Any]) -> int | None:
    """How many videos there are; None while it runs.   Raises ProviderFailure when it failed."""
    match document.get("status"):
        case "completed":
            urls = document.get("unsigned_urls")
            if urls == []:
                raise failed("no_output")
            return len(urls) if isinstance(urls, list) else 1
        case "cancelled":
            raise ProviderFailure("provider_error", "The job was canceled at the provider.")
        case "expired":
            raise failed("timeout")
        case "failed":
            raise _failure(document.get("error"))
        case status if status in RUNNING:
            return None
    if document.get("error"):
        raise _failure(document["error"])
    return None


def _failure(error: Any) -> ProviderFailure:
    """The error may be an object with a code, or a sentence."""
    said = str(error.get("message") if isinstance(error, dict) else error)
    if rejects(said):
        return failed("content_rejected")
    return failure_of_body(200, {"error": error})
