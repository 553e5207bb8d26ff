"""Bytes with a `finish-reason`, or JSON with base64: a filtered picture is a 200 in both."""

from domain.providers.jobs import Artefact
from workers.providers.wire.base64s import decoded
from workers.providers.wire.client import Answer
from workers.providers.wire.failures import failed, table_of, unreadable

FILTERED = "CONTENT_FILTERED"


def picture_of(answer: Answer) -> Artefact:
    """Raises ProviderFailure."""
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type.startswith("image/"):
        _check(answer.headers.get("finish-reason"))
        if not answer.body:
            raise failed("no_output")
        return Artefact(data=answer.body, content_type=content_type)
    if content_type != "application/json":
        raise unreadable()
    document = table_of(answer.body)
    _check(document.get("finish_reason"))
    text = document.get("image")
    if not isinstance(text, str) or not text:
        raise failed("no_output")
    return Artefact(data=decoded(text))


def _check(reason: object) -> None:
    if isinstance(reason, str) and reason.upper() == FILTERED:
        raise failed("content_rejected")
