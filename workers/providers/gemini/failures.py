"""Google's errors as our few codes. Shared by all adapters of Google."""

import re
from collections.abc import Mapping
from typing import Any

from domain.providers.jobs import ProviderFailure
from workers.providers.wire.failures import STATUSES, document_of, failed, kept, retry_after

#: Google's words for its status codes, and the numbers that operations carry instead.
WORDS: dict[str, str] = {
    "ABORTED": "overloaded", "CANCELLED": "provider_error", "DATA_LOSS": "provider_error", "DEADLINE_EXCEEDED": "timeout",
    "FAILED_PRECONDITION": "auth", "INTERNAL": "provider_error", "INVALID_ARGUMENT": "invalid_request", "NOT_FOUND": "model_retired",
    "OUT_OF_RANGE": "invalid_request", "PERMISSION_DENIED": "auth", "RESOURCE_EXHAUSTED": "rate_limited", "UNAUTHENTICATED": "auth",
    "UNAVAILABLE": "overloaded", "UNIMPLEMENTED": "invalid_request", "UNKNOWN": "provider_error",
}  # fmt: skip
NUMBERS: dict[int, str] = {
    1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 10: "ABORTED", 11: "OUT_OF_RANGE", 12: "UNIMPLEMENTED", 13: "INTERNAL",
    14: "UNAVAILABLE", 15: "DATA_LOSS", 16: "UNAUTHENTICATED",
}  # fmt: skip
DELAY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s")


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> ProviderFailure:
    """The failure that an answer outside the 200s stands for."""
    error = error_in(document_of(body))
    return failure_of_error(error or {}, status, headers)


def error_in(document: Any) -> dict[str, Any] | None:
    """The error of an answer, which sometimes comes in a list of one. None: there is none."""
    if isinstance(document, list) and document:
        document = document[0]
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        return error
    return {"message": error} if error else None


def failure_of_error(error: dict[str, Any], status: int, headers: Mapping[str, str] | None = None) -> ProviderFailure:
    """By Google's word, then by its number, then by *status*."""
    number = error.get("code")
    word = error.get("status") if isinstance(error.get("status"), str) else NUMBERS.get(number) if isinstance(number, int) else None
    code = WORDS.get(str(word)) or STATUSES.get(number if isinstance(number, int) else status) or STATUSES.get(status, "provider_error")
    details = [each for each in _list(error.get("details")) if isinstance(each, dict)]
    if code == "invalid_request" and any(each.get("reason") == "API_KEY_INVALID" for each in details):
        code = "auth"
    if code == "rate_limited" and any("PerDay" in quota for quota in _quotas(details)):
        # It will not be better before tomorrow: nobody's generation waits so long.
        return ProviderFailure("insufficient_provider_credit", "Our quota at the provider is used up for today.")
    return failed(code, retry_after_seconds=_pause(details, headers or {}))


def _quotas(details: list[dict[str, Any]]) -> list[str]:
    violations = [each for detail in details for each in _list(detail.get("violations"))]
    return [str(each.get("quotaId")) for each in violations if isinstance(each, dict)]


def _pause(details: list[dict[str, Any]], headers: Mapping[str, str]) -> float | None:
    """RetryInfo's, or the header's."""
    for detail in details:
        delay = DELAY.fullmatch(str(detail.get("retryDelay")))
        if delay:
            return kept(float(delay[1]))
    return retry_after(headers)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
