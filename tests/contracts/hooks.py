"""What Schemathesis cannot know about HTTP and about our promises."""

from itertools import count
from typing import Any

import schemathesis
from schemathesis.generation.meta import TestPhase

#: The headers our document names. Others are none of our business, so a request that adds one is not wrong.
KNOWN = frozenset({"authorization", "content-type", "daybook-min-position", "idempotency-key", "if-match", "if-none-match", "prefer"})
NUMBERS = count(1)


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    return not any(name.lower() not in KNOWN for name in case.headers or {}) and not _becomes_text(case)


def _becomes_text(case: Any) -> bool:
    """A field of a form is text, whatever it was meant to be: `false` is sent as the word."""
    is_form = (case.media_type or "").startswith("multipart/")
    return is_form and isinstance(case.body, dict) and not isinstance(case.body.get("filename", ""), str | bytes)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """A key of its own for each request of a story: a replay shows what was made, also when it has been deleted since.

    To Schemathesis that would be a resource that vanished. Used and malformed keys have tests of their own.
    """
    if case.meta is None or case.meta.phase.name != TestPhase.STATEFUL:
        return
    for name in case.headers or {}:
        if name.lower() == "idempotency-key":
            case.headers[name] = f"schemathesis-{next(NUMBERS)}"
