"""What goes wrong, in our few words. Upstream sentences are read, never passed on."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from domain.providers.jobs import ProviderFailure

SENTENCES: dict[str, str] = {
    "auth": "The provider does not accept our key.",
    "content_rejected": "The provider refused this content.",
    "insufficient_provider_credit": "Our account with the provider is out of credit.",
    "invalid_request": "The provider does not accept this request.",
    "model_retired": "The provider does not offer this model any more.",
    "no_output": "The provider answered without a result.",
    "overloaded": "The provider is overloaded.",
    "provider_error": "The provider failed.",
    "rate_limited": "The provider limits our requests.",
    "timeout": "The provider took too long.",
}
#: What a status means where the body says nothing better.
STATUSES: dict[int, str] = {
    400: "invalid_request", 401: "auth", 402: "insufficient_provider_credit", 403: "auth", 404: "model_retired", 405: "invalid_request",
    408: "timeout", 409: "overloaded", 410: "model_retired", 413: "invalid_request", 415: "invalid_request", 422: "invalid_request",
    429: "rate_limited", 451: "content_rejected", 503: "overloaded", 504: "timeout", 524: "timeout", 529: "overloaded",
}  # fmt: skip
#: Words of sentences that refuse content, where there is nothing but a sentence.
REJECTING = re.compile(
    r"moderat|content[ _-]?(policy|filter)|prohibited|inappropriate|safety|nsfw|sensitive (content|information|word)|violat",
    re.IGNORECASE,
)
SENTENCE_CHARS_MAX = 2_000
RETRY_AFTER_SECONDS_MAX = 3_600


def failed(code: str, *, retry_after_seconds: float | None = None, outcome_unknown: bool = False) -> ProviderFailure:
    """The failure *code* with its sentence."""
    return ProviderFailure(code, SENTENCES[code], retry_after_seconds=retry_after_seconds, outcome_unknown=outcome_unknown)


def unreadable() -> ProviderFailure:
    """The work is done and billed; only its answer is of no use."""
    return ProviderFailure("provider_error", "The provider's answer cannot be read.", outcome_unknown=True)


def of_status(status: int) -> str:
    """The code of an HTTP status."""
    return STATUSES.get(status, "provider_error")


def rejects(sentence: str) -> bool:
    """Whether an upstream sentence refuses the content."""
    return REJECTING.search(sentence[:SENTENCE_CHARS_MAX]) is not None


def document_of(body: bytes) -> Any:
    """The JSON value of a body, or None when it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def table_of(body: bytes) -> dict[str, Any]:
    """The JSON object of a 200 answer.   Raises ProviderFailure: the work behind it may be done."""
    document = document_of(body)
    if not isinstance(document, dict):
        raise unreadable()
    return document


def retry_after(headers: Mapping[str, str]) -> float | None:
    """In seconds, from `retry-after-ms` or the two spellings of `Retry-After`. None when it says nothing readable."""
    milliseconds, text = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    if milliseconds.isdecimal():
        return kept(int(milliseconds) / 1000)
    if text.replace(".", "", 1).isdecimal():
        return kept(float(text))
    return _until(text, headers.get("date", "")) if text else None


def kept(seconds: float) -> float:
    """A pause within the bounds that we keep to."""
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)


def _until(moment: str, date: str) -> float | None:
    """From the server's own `Date` to *moment*: our clock plays no part."""
    try:
        return kept((parsedate_to_datetime(moment) - parsedate_to_datetime(date)).total_seconds())
    except (TypeError, ValueError):
        return None
