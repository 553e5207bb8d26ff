"""`{"detail": "text"}` or `{"detail": [{loc, msg, type}]}`, and the `error_type` of a request that is over."""

import re
from collections.abc import Mapping
from typing import Any

from domain.providers.jobs import ProviderFailure
from workers.providers.wire.failures import document_of, failed, of_status, retry_after

#: `type` of a detail, `error_type` of a status, `X-Fal-Error-Type` of an answer.
TYPES: dict[str, str] = {
    "content_policy_violation": "content_rejected",
    "no_media_generated": "no_output",
    "generation_timeout": "timeout",
    "request_timeout": "timeout",
    "startup_timeout": "timeout",
    "runner_connection_timeout": "timeout",
    "downstream_service_unavailable": "overloaded",
    "runner_scheduling_failure": "overloaded",
    "downstream_service_error": "provider_error",
    "internal_server_error": "provider_error",
    "bad_request": "invalid_request",
}
#: Types of faults in what was sent: `value_error`, `image_too_large`, `file_download_error`, `missing` …
FAULTS = re.compile(r"value_error|_error$|_too_|missing|unsupported|invalid|less_than|greater_than|out_of_range|literal|enum|type")
POLICY = re.compile(r"content polic|nsfw|safety|moderat|flagged|sensitive", re.IGNORECASE)
CREDIT = re.compile(r"exhausted balance|insufficient|user is locked|billing", re.IGNORECASE)


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> ProviderFailure:
    """An answer outside the 200s, to a submit or in the place of a response."""
    document = document_of(body)
    detail = document.get("detail") if isinstance(document, dict) else None
    code = TYPES.get(headers.get("x-fal-error-type", "")) or _of_detail(detail) or of_status(status)
    if status == 403 and isinstance(detail, str) and CREDIT.search(detail):
        code = "insufficient_provider_credit"
    return failed(code, retry_after_seconds=retry_after(headers))


def failure_of_job(error: Any, error_type: Any) -> ProviderFailure:
    """A status that is COMPLETED with an error."""
    code = TYPES.get(error_type) if isinstance(error_type, str) else None
    return failed(code or _of_detail(error) or "provider_error")


def _of_detail(detail: Any) -> str | None:
    if isinstance(detail, str):
        return "content_rejected" if POLICY.search(detail) else None
    for each in detail if isinstance(detail, list) else []:
        kind = each.get("type") if isinstance(each, dict) else None
        if isinstance(kind, str):
            return TYPES.get(kind) or ("invalid_request" if FAULTS.search(kind) else None)
    return None
