"""When an account runs low: one rule over the log, so that every teller says it of the same positions."""

from domain.credits.events import PAID_SOURCES

#: What a limit is taken from: the last grant that was bought, or the welcome before anything was.
MEASURING_SOURCES = PAID_SOURCES | {"welcome"}
#: A fifth of it.
LOW_SHARE = 5


def runs_low(before: int, after: int, *, measure: int) -> bool:
    """Whether free credits fell below the limit just now. *measure*: how much the measuring grant was; 0 without one."""
    return after < measure // LOW_SHARE <= before
