"""Refusals as problem documents (RFC 9457): the one table of statuses, and the pages that `type` points to."""

from collections.abc import Iterator
from typing import Any

import msgspec

from api.kit.refusals import Broken, HeadersTooLarge, InternalError, NotAllowed, TimedOut, Unsatisfiable
from domain.kernel.refusals import (
    Conflicting,
    Forbidden,
    Gone,
    Malformed,
    Missing,
    Outdated,
    Refusal,
    Throttled,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unpaid,
    Unprocessable,
    Unsupported,
)

#: The kind of a refusal decides the status; nothing else in the house knows these numbers.
STATUSES: dict[type[Refusal], int] = {
    Malformed: 400,
    Unauthenticated: 401,
    Unpaid: 402,
    Forbidden: 403,
    Missing: 404,
    NotAllowed: 405,
    TimedOut: 408,
    Conflicting: 409,
    Gone: 410,
    Outdated: 412,
    TooLarge: 413,
    Unsupported: 415,
    Unsatisfiable: 416,
    Unprocessable: 422,
    Throttled: 429,
    HeadersTooLarge: 431,
    Broken: 500,
    Unavailable: 503,
}
PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
_ENCODE = msgspec.json.Encoder(enc_hook=str).encode


class Fault(msgspec.Struct, frozen=True):
    """Where in the request the fault is (RFC 6901), and what is wrong there."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer with a status of 400 and above. `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    retryable: bool
    errors: list[Fault] = []


def status_of(kind: type[Refusal]) -> int:
    """The status of a refusal class: that of its kind."""
    return next((STATUSES[base] for base in kind.__mro__ if base in STATUSES), 500)


def title_of(code: str) -> str:
    return code.replace("_", " ").capitalize()


def problem(refusal: Refusal, *, instance: str, request_id: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of the answer that says *refusal*."""
    status = status_of(type(refusal))
    if status == 500 and not isinstance(refusal, Broken):
        refusal = InternalError()
    code = refusal.code
    members = dict(refusal.members)
    faults = [{"pointer": pointer, "detail": detail} for pointer, detail in members.pop("errors", None) or ()]
    document: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": title_of(code),
        "status": status,
        "detail": str(refusal),
        "instance": instance,
        "code": code,
        "request_id": request_id,
        "retryable": refusal.retryable,
        "errors": faults,
        **{name: value for name, value in members.items() if name not in _RESERVED},
    }
    return status, _ENCODE(document), _headers(refusal, status)


_RESERVED = frozenset(Problem.__struct_fields__)


def _headers(refusal: Refusal, status: int) -> dict[str, str]:
    headers: dict[str, str] = {}
    if status == 401:
        headers["www-authenticate"] = 'Bearer error="invalid_token"'
    if status in (429, 503) or refusal.retryable:
        headers["retry-after"] = str(max(1, round(refusal.fields.get("retry_after") or RETRY_AFTER_SECONDS)))
    if allow := refusal.fields.get("allow"):
        headers["allow"] = allow
    if content_range := refusal.fields.get("content_range"):
        headers["content-range"] = content_range
    return headers


def known_refusals() -> dict[str, type[Refusal]]:
    """Every refusal class of the running program by its public code."""
    found = {_code(kind): kind for kind in _descendants(Refusal) if kind not in STATUSES}
    return dict(sorted(found.items()))


def _descendants(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def _code(kind: type[Refusal]) -> str:
    """The public code of a class: `code` looks at the class only, so no fields are needed."""
    return kind.code.fget(kind.__new__(kind))  # type: ignore[attr-defined]
