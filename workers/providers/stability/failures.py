"""`{"id", "name": "content_moderation", "errors": ["…"]}`."""

from collections.abc import Mapping

from domain.providers.jobs import ProviderFailure
from workers.providers.wire.failures import document_of, failed, of_status, retry_after

NAMES: dict[str, str] = {
    "bad_request": "invalid_request",
    "content_moderation": "content_rejected",
    "internal_error": "provider_error",
    "invalid_prompts": "content_rejected",
    "payment_required": "insufficient_provider_credit",
    "rate_limit_exceeded": "rate_limited",
    "unauthorized": "auth",
}


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> ProviderFailure:
    document = document_of(body)
    name = document.get("name") if isinstance(document, dict) else None
    code = NAMES.get(name) if isinstance(name, str) else None
    return failed(code or of_status(status), retry_after_seconds=retry_after(headers))
