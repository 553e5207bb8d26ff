"""When a delivery is tried again. Chance comes in as a number, so that many that failed together do not come back together."""

from collections.abc import Sequence
from datetime import timedelta

#: Seconds from one try to the next; after the last it is given up.
RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
#: A tenth earlier or later.
JITTER = 0.1
#: No answer can put off the next try for longer.
RETRY_AFTER_SECONDS_MAX = 86_400
#: What happened longer ago than a whole schedule is no news: it is read, not told.
AGE_MAX = timedelta(seconds=sum(RETRY_SECONDS))


def pause(tries: int, *, schedule: Sequence[float] = RETRY_SECONDS, chance: float, retry_after: float | None = None) -> float | None:
    """Seconds until the try after the *tries*-th (from 1); None: that was the last. *chance* is from 0 to 1.

    *retry_after*: what the other side asks for. It may make the pause longer, never shorter.
    """
    if tries > len(schedule):
        return None
    jittered = schedule[tries - 1] * (1 - JITTER + 2 * JITTER * chance)
    return max(jittered, min(retry_after or 0.0, RETRY_AFTER_SECONDS_MAX))
