"""What is said through the standard library's logging, as lines of ours."""

import logging
from typing import Any

import structlog

#: What every record has; the rest came in as `extra`.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Bridge(logging.Handler):
    """Formats nothing itself, so that a library's line looks like every other."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            structlog.get_logger().log(record.levelno, record.getMessage(), **_fields(record))
        except Exception:  # noqa: BLE001 - a line that cannot be written must not stop the work that it speaks of
            self.handleError(record)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {name: value for name, value in vars(record).items() if name not in STANDARD}
    fields["logger"] = record.name
    if record.exc_info:
        fields["exc_info"] = record.exc_info
    return fields
