"""The fields that every line has, and those that none may have."""

from structlog.typing import EventDict

#: Personal data and secrets. A line that carries one of them is a defect; the value never leaves the process.
WITHHELD = frozenset(
    {
        "access_token",
        "authorization",
        "email",
        "first_name",
        "ip",
        "last_name",
        "name",
        "password",
        "prompt",
        "refresh_token",
        "secret",
        "token",
    }
)
FAULTS = frozenset({"warning", "error", "critical"})


class Stamp:
    """Adds the process and, where the caller named none, the book."""

    def __init__(self, process: str) -> None:
        self._process = process

    def __call__(self, logger: object, method: str, event: EventDict) -> EventDict:
        event["process"] = self._process
        if "log" not in event:
            event["log"] = "error" if event["level"] in FAULTS else "business"
        return event


def withhold(logger: object, method: str, event: EventDict) -> EventDict:
    """Replaces the values of withheld fields."""
    for name in WITHHELD & event.keys():
        event[name] = "(withheld)"
    return event
