"""The request headers that every endpoint understands: Prefer, Daybook-Min-Position, X-Request-Id."""

import re
from typing import Any

from api.kit.refusals import InvalidHeader, PositionUnknown
from domain.kernel.limits import INTEGER_MAX, PREFER_WAIT_SECONDS_MAX, REQUEST_ID_CHARS_MAX

_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)
_ASYNC = re.compile(r"(?:^|[,;])\s*respond-async\s*(?=$|[,;])", re.IGNORECASE)
_REQUEST_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{REQUEST_ID_CHARS_MAX}}}")
_POSITION = re.compile(r"\d{1,16}")


def prefer_wait(headers: Any) -> int | None:
    """Seconds of `Prefer: wait=N`, at most 60; None without it, for `wait=0` and with `respond-async`."""
    lines = headers.getall("prefer", None)
    if lines is None:
        return None
    value = ",".join(lines)
    found = _WAIT.search(value)
    if found is None or _ASYNC.search(value):
        return None
    return min(int(found[1]), PREFER_WAIT_SECONDS_MAX) or None


def min_position(headers: Any) -> int | None:
    """`Daybook-Min-Position`.   Raises PositionUnknown when it is no number."""
    lines = headers.getall("daybook-min-position", None)
    if lines is None:
        return None
    if len(lines) > 1:
        raise InvalidHeader(header="Daybook-Min-Position", reason="was sent more than once")
    if not _POSITION.fullmatch(lines[0].strip()) or (position := int(lines[0])) > INTEGER_MAX:
        raise PositionUnknown()
    return position


def given_request_id(headers: Any) -> str | None:
    """A client's X-Request-Id when it is one we can carry on, else None."""
    lines = headers.getall("x-request-id", None)
    if lines is None or len(lines) > 1 or not _REQUEST_ID.fullmatch(lines[0]):
        return None
    return str(lines[0])
