"""The many shapes of "no" of OpenAI, OpenRouter and their kin, as our few codes."""

from collections.abc import Mapping
from typing import Any

from domain.providers.jobs import ProviderFailure
from workers.providers.wire.failures import STATUSES, document_of, failed, kept, retry_after

#: Words in `code`, `type`, `status` and `metadata.error_type` that say more than the status does.
WORDS: dict[str, str] = {
    "authentication": "auth", "content_filter": "content_rejected", "content_policy_violation": "content_rejected",
    "context_length_exceeded": "invalid_request", "image_download_failed": "invalid_request",
    "image_generation_user_error": "content_rejected", "image_not_found": "invalid_request", "image_too_large": "invalid_request",
    "image_too_small": "invalid_request", "insufficient_quota": "insufficient_provider_credit", "invalid_api_key": "auth",
    "invalid_image": "invalid_request", "max_tokens_exceeded": "invalid_request", "model_not_found": "model_retired",
    "moderation_blocked": "content_rejected", "not_found": "model_retired", "payment_required": "insufficient_provider_credit",
    "permission_denied": "auth", "provider_overloaded": "overloaded", "provider_unavailable": "overloaded",
    "rate_limit_exceeded": "rate_limited", "server": "provider_error", "string_too_long": "invalid_request", "timeout": "timeout",
    "token_limit_exceeded": "invalid_request", "unsupported_image_format": "invalid_request",
}  # fmt: skip


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> ProviderFailure:
    """The failure that an answer outside the 200s stands for."""
    document = document_of(body)
    return failure_of_body(status, document if isinstance(document, dict) else {}, headers)


def failure_of_body(status: int, document: dict[str, Any], headers: Mapping[str, str] | None = None) -> ProviderFailure:
    """By the words of the body first, then by its own status, then by the HTTP status. The error may be nested, flat, or a string."""
    error = document.get("error")
    fields: dict[str, Any] = error if isinstance(error, dict) else document
    metadata = fields.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    words = [str(word).lower() for word in (metadata.get("error_type"), fields.get("code"), fields.get("type"), fields.get("status"))]
    code = next((WORDS[word] for word in words if word in WORDS), None)
    # Moderation says why, whatever its status is.
    if metadata.get("reasons") or metadata.get("flagged_input"):
        code = "content_rejected"
    if code is None:
        own = str(fields.get("code"))
        code = STATUSES.get(int(own) if own.isdecimal() else status) or STATUSES.get(status, "provider_error")
    return failed(code, retry_after_seconds=_pause(headers or {}, fields))


def _pause(headers: Mapping[str, str], fields: dict[str, Any]) -> float | None:
    """The headers', or OpenRouter's field."""
    seconds = retry_after(headers)
    availability = fields.get("availability")
    given = availability.get("retry_after") if isinstance(availability, dict) else None
    return kept(given) if seconds is None and isinstance(given, int | float) else seconds
