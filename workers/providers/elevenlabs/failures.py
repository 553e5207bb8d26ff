"""`{"detail": {"type", "code", "status", "message"}}`, older answers with `status` alone, and lists of faults."""

from collections.abc import Mapping
from typing import Any

from domain.providers.jobs import ProviderFailure
from workers.providers.wire.failures import document_of, failed, of_status, retry_after

#: Any of `code`, `status` and `type`. Quota is often a 401, and says more than its status.
WORDS: dict[str, str] = {
    "concurrent_limit_exceeded": "rate_limited",
    "content_against_policy": "content_rejected",
    "detected_unusual_activity": "auth",
    "invalid_api_key": "auth",
    "missing_permissions": "auth",
    "model_not_found": "model_retired",
    "paid_plan_required": "insufficient_provider_credit",
    "payment_required": "insufficient_provider_credit",
    "quota_exceeded": "insufficient_provider_credit",
    "rate_limit_exceeded": "rate_limited",
    "system_busy": "overloaded",
    "too_many_concurrent_requests": "rate_limited",
    "voice_not_found": "invalid_request",
}


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> ProviderFailure:
    document = document_of(body)
    detail: Any = document.get("detail") if isinstance(document, dict) else None
    fields = detail if isinstance(detail, dict) else {}
    words = [fields.get(name) for name in ("code", "status", "type")]
    code = next((WORDS[word] for word in words if isinstance(word, str) and word in WORDS), None)
    return failed(code or of_status(status), retry_after_seconds=retry_after(headers))
