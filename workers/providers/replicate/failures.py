"""Problem documents of the API, and the words of a prediction that failed."""

import re
from typing import Any

from domain.providers.jobs import ProviderFailure
from workers.providers.wire.failures import failed

#: Words of `error`, in the order in which they are looked for. They are a model's own.
SAYINGS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(words, re.IGNORECASE))
    for code, words in (
        ("content_rejected", r"nsfw|moderat|safety|sensitive|flagged|content polic|\(E005\)|prohibited|violat"),
        ("rate_limited", r"rate.?limit|too many requests|throttl"),
        ("insufficient_provider_credit", r"insufficient credit|billing|payment"),
        ("timeout", r"time.?out|timed out|took too long"),
        ("overloaded", r"out of memory|overload|capacity|high demand|unavailable|\(E003\)|try again later"),
        ("invalid_request", r"input should be|must be|invalid|unsupported|not support|too large|too long|expected|validation|\(E006\)"),
    )
)


def failure_of_job(said: Any) -> ProviderFailure:
    text = said if isinstance(said, str) else ""
    return failed(next((code for code, words in SAYINGS if words.search(text)), "provider_error"))
