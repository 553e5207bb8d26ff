"""Sets up structlog and the standard library's logging for one process. Called once, before anything logs."""

import logging
import sys
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from infra.logs.bridge import Bridge
from infra.logs.fields import Stamp, withhold
from infra.logs.tame import tame

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
#: Libraries speak of their own affairs below this.
LIBRARY_LEVEL = logging.WARNING
OURS = ("api", "daybook", "domain", "infra", "projections", "workers")
ENCODER = msgspec.json.Encoder(enc_hook=str)


def configure(*, level: str, format: str | None, process: str, no_color: bool = False, stream: TextIO | None = None) -> None:
    """*format* is `console` or `json`; None takes console on a terminal. *process* names the role in each line."""
    output = stream or sys.stderr
    console = format == "console" or (format is None and output.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            Stamp(process),
            withhold,
            structlog.processors.format_exc_info,
            tame,
            *(_for_people(output, no_color) if console else _for_machines()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(output) if console else structlog.BytesLoggerFactory(output.buffer),
        cache_logger_on_first_use=True,
    )
    _route_standard_logging(LEVELS[level])


def _for_machines() -> list[Processor]:
    return [_json]


def _json(logger: object, method: str, event: EventDict) -> bytes:
    return ENCODER.encode(event)


def _for_people(output: TextIO, no_color: bool) -> list[Processor]:
    """Without local variables in tracebacks: they hold what no log may hold."""
    return [structlog.dev.ConsoleRenderer(colors=output.isatty() and not no_color, exception_formatter=structlog.dev.plain_traceback)]


def _route_standard_logging(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [Bridge()]
    root.setLevel(max(level, LIBRARY_LEVEL))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
