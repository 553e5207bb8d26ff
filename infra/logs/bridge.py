"""What libraries say through the standard library's logging, as lines of ours."""

import logging

import structlog


class Bridge(logging.Handler):
    """Formats nothing itself, so that a library's line looks like every other."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log = structlog.get_logger()
            log.log(record.levelno, record.getMessage(), logger=record.name, **({"exc_info": record.exc_info} if record.exc_info else {}))
        except Exception:  # noqa: BLE001 - a line that cannot be written must not stop the work that it speaks of
            self.handleError(record)
