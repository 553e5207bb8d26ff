"""What Stripe refuses, as our two refusals. Its sentences are never passed on: they name keys, cards and people."""

import re
from collections.abc import Mapping

from domain.kernel.refusals import Refusal
from domain.payments.ports import PaymentsRefused, PaymentsUnavailable
from infra.payments.stripe.wire import Failure, Unreadable, read

#: What a buyer or an operator can do something about, by Stripe's code or type.
SENTENCES = {
    "amount_too_large": "the amount is above what it takes.",
    "amount_too_small": "the amount is below what it takes.",
    "idempotency_error": "it was asked for the same thing in another way before.",
    "resource_missing": "there is no such thing there.",
}
OTHERWISE = "it does not accept this request."
#: Our key or our account is the trouble: an operator must look, the buyer may come back.
OURS = frozenset({401, 403})
#: Another attempt may succeed: in use by a twin of this request, too many requests, and whatever broke there.
PASSING = frozenset({408, 409, 429})
RETRY_AFTER_SECONDS = 5
RETRY_AFTER_SECONDS_MAX = 3_600
_WORD = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)


def words_of(body: bytes) -> list[str]:
    """Stripe's own code and type of an error, as far as they are plain words."""
    try:
        error = read(body, Failure).error
    except Unreadable:
        return []
    return [word for word in (error.code, error.type) if isinstance(word, str) and _WORD.fullmatch(word)]


def is_passing(status: int, headers: Mapping[str, str]) -> bool:
    """May the same request be repeated? Stripe's own word counts first."""
    match headers.get("stripe-should-retry"):
        case "true":
            return True
        case "false":
            return False
    return status in PASSING or status >= 500


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds, when it is a plain number."""
    text = headers.get("retry-after", "")
    return min(int(text), RETRY_AFTER_SECONDS_MAX) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else None


def refusal_of(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """What an answer other than 2xx comes to."""
    if status in OURS or status < 400 or status >= 500 or is_passing(status, headers):
        return PaymentsUnavailable(retry_after=retry_after(headers) or RETRY_AFTER_SECONDS)
    return PaymentsRefused(reason=next((SENTENCES[word] for word in words_of(body) if word in SENTENCES), OTHERWISE))
