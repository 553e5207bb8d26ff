"""What Schemathesis cannot know about HTTP."""

from typing import Any

import schemathesis

#: The headers our document names. Others are none of our business, so a request that adds one is not wrong.
KNOWN = frozenset({"authorization", "content-type", "daybook-min-position", "idempotency-key", "if-match", "if-none-match", "prefer"})


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    return not any(name.lower() not in KNOWN for name in case.headers or {})
