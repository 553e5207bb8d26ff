"""The many shapes of "no" of OpenAI, OpenRouter and their kin, as our few codes. Upstream sentences are read, never passed on."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from domain.providers.jobs import ProviderFailure

SENTENCES: dict[str, str] = {
    "auth": "The provider does not accept our key.",
    "content_rejected": "The provider refused this content.",
    "insufficient_provider_credit": "Our account with the provider is out of credit.",
    "invalid_request": "The provider does not accept this request.",
    "model_retired": "The provider does not offer this model any more.",
    "no_output": "The provider answered without an image.",
    "overloaded": "The provider is overloaded.",
    "provider_error": "The provider failed.",
    "rate_limited": "The provider limits our requests.",
    "timeout": "The provider took too long.",
}
STATUSES: dict[int, str] = {
    400: "invalid_request", 401: "auth", 402: "insufficient_provider_credit", 403: "auth", 404: "model_retired", 408: "timeout",
    409: "overloaded", 410: "model_retired", 413: "invalid_request", 415: "invalid_request", 422: "invalid_request", 429: "rate_limited",
    503: "overloaded", 504: "timeout", 524: "timeout", 529: "overloaded",
}  # fmt: skip
#: Words in `code`, `type`, `status` and `metadata.error_type` that say more than the status does.
WORDS: dict[str, str] = {
    "authentication": "auth", "content_filter": "content_rejected", "content_policy_violation": "content_rejected",
    "context_length_exceeded": "invalid_request", "image_generation_user_error": "content_rejected", "insufficient_quota":
    "insufficient_provider_credit", "invalid_api_key": "auth", "model_not_found": "model_retired", "moderation_blocked": "content_rejected",
    "not_found": "model_retired", "payment_required": "insufficient_provider_credit", "provider_overloaded": "overloaded",
    "provider_unavailable": "overloaded", "rate_limit_exceeded": "rate_limited", "timeout": "timeout",
}  # fmt: skip
RETRY_AFTER_SECONDS_MAX = 3_600


def failure_of(answer: httpx.Response, body: bytes) -> ProviderFailure:
    """The failure that an answer other than 200 stands for."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    return failure_of_body(answer.status_code, document if isinstance(document, dict) else {}, answer.headers)


def failure_of_body(status: int, document: dict[str, Any], headers: Mapping[str, str] | None = None) -> ProviderFailure:
    """By the words of the body first, then by its own status, then by the HTTP status. The error may be nested, flat, or a string."""
    error = document.get("error")
    fields: dict[str, Any] = error if isinstance(error, dict) else document
    metadata = fields.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    words = [str(word).lower() for word in (fields.get("code"), fields.get("type"), fields.get("status"), metadata.get("error_type"))]
    code = next((WORDS[word] for word in words if word in WORDS), None)
    if code is None and (metadata.get("reasons") or metadata.get("flagged_input")):
        code = "content_rejected"
    if code is None:
        own = str(fields.get("code"))
        code = STATUSES.get(int(own) if own.isdecimal() else status) or STATUSES.get(status, "provider_error")
    return ProviderFailure(code, SENTENCES[code], retry_after_seconds=_retry_after(headers or {}, fields))


def _retry_after(headers: Mapping[str, str], fields: dict[str, Any]) -> float | None:
    """In seconds: the header in its three spellings, or OpenRouter's field."""
    availability = fields.get("availability")
    given = availability.get("retry_after") if isinstance(availability, dict) else None
    milliseconds, text = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    seconds: float | None = None
    if milliseconds.isdigit():
        seconds = int(milliseconds) / 1000
    elif text.replace(".", "", 1).isdigit():
        seconds = float(text)
    elif text:
        seconds = _until(text, headers.get("date", ""))
    elif isinstance(given, int | float):
        seconds = float(given)
    return None if seconds is None else min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)


def _until(moment: str, date: str) -> float | None:
    """From the server's own `Date` to *moment*: our clock plays no part."""
    try:
        return (parsedate_to_datetime(moment) - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return None
