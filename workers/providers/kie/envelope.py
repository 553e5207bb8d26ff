"""`{"code": 200, "msg": "success", "data": {…}}`: the code counts, whatever the HTTP status is, and failures of jobs are told in words."""

import re
from collections.abc import Mapping
from typing import Any

from domain.providers.jobs import ProviderFailure, Running
from workers.providers.wire.failures import document_of, failed, of_status, retry_after, unreadable
from workers.providers.wire.looks import passed

#: Said of a job that was taken and came to nothing.
GENERATION_FAILED = 501
#: Where their codes mean something else than the HTTP status of the same number.
CODES: dict[int, str] = {
    404: "model_retired",
    408: "timeout",
    # Their servers could not fetch an input, which lies at their own upload service.
    451: "provider_error",
    455: "overloaded",
    GENERATION_FAILED: "provider_error",
    505: "model_retired",
}
#: Words in `failMsg`, in the order in which they are looked for.
SAYINGS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(words, re.IGNORECASE))
    for code, words in (
        ("content_rejected", r"moderat|nsfw|safety|sensitive|inappropriate|content polic|violat|prohibited|flagged|unsafe|not allowed"),
        ("rate_limited", r"concurren|too many|rate.?limit|frequency"),
        ("insufficient_provider_credit", r"credit|balance|quota|upgrade your|your plan|subscription|payment"),
        ("timeout", r"time.?out|timed out|took too long"),
        ("overloaded", r"overload|busy|capacity|maintenance|temporarily|try again later|unavailable"),
        (
            "invalid_request",
            r"size|resolution|aspect|too long|too large|too small|length|invalid|unsupported|format|exceed|parameter|fetch",
        ),
    )
)
TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> ProviderFailure:
    """An answer outside the 200s."""
    document = document_of(body)
    return _failure(document if isinstance(document, dict) else {}, status, headers)


def data_of(headers: Mapping[str, str], document: dict[str, Any]) -> dict[str, Any]:
    """`data` of a good answer.   Raises ProviderFailure: a 200 may carry any code."""
    code = document.get("code")
    if code != 200:
        if type(code) is not int:
            raise unreadable()
        raise _failure(document, 200, headers)
    data = document.get("data")
    return data if isinstance(data, dict) else {}


def task_of(data: dict[str, Any]) -> str:
    """The name of a job that was taken.   Raises ProviderFailure: it may run, and nobody can look after it."""
    task = data.get("taskId")
    if not isinstance(task, str) or not TASK_ID.fullmatch(task):
        raise unreadable()
    return task


def look_of(document: dict[str, Any]) -> dict[str, Any] | Running:
    """`data` of an answer to a look; "still running" when only the look has failed.   Raises ProviderFailure about the job or the key."""
    code = document.get("code")
    if code == GENERATION_FAILED:
        raise failure_of_job(document.get("msg"))
    if type(code) is not int:
        # A page of some gateway.
        return Running()
    try:
        return data_of({}, document)
    except ProviderFailure as failure:
        return passed(failure)


def failure_of_job(said: Any) -> ProviderFailure:
    """What the words of a failed job stand for."""
    return failed(_of_words(said) or "provider_error")


def _failure(document: dict[str, Any], status: int, headers: Mapping[str, str]) -> ProviderFailure:
    own = document.get("code")
    number = own if type(own) is int and own != 200 else status
    code = CODES.get(number) or of_status(number)
    if number in (400, 422, GENERATION_FAILED):
        code = _of_words(document.get("msg")) or code
    return failed(code, retry_after_seconds=retry_after(headers))


def _of_words(said: Any) -> str | None:
    text = said if isinstance(said, str) else ""
    return next((code for code, words in SAYINGS if words.search(text)), None)
