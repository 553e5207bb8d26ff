"""Reading the forms that Stripe is sent: `line_items[0][price_data][currency]=usd` is a value deep inside."""

from typing import Any
from urllib.parse import parse_qsl


def nested(form: str) -> dict[str, Any]:
    """Lists come out as dictionaries with the keys "0", "1", …; `expand[]` as a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True, strict_parsing=bool(form)):
        path = name.replace("]", "").split("[")
        if path[1:] == [""]:
            found.setdefault(path[0], []).append(value)
            continue
        at = found
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = value
    return found
