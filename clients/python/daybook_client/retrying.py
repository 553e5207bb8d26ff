"""Requests that are sent until they are answered: only what may be repeated is repeated."""

import random
import time
from collections.abc import Callable

import httpx

from daybook_client.errors import Problem, Unreachable

#: Overloaded, or for a moment without what it stands on. 409 only while the first request with the same key is still at work.
AGAIN = frozenset({429, 502, 503, 504})
FIRST_SECONDS = 0.25
SECONDS_MAX = 30.0


def sent(
    send: Callable[[], httpx.Response], *, tries: int, repeatable: bool, sleep: Callable[[float], None] = time.sleep
) -> httpx.Response:
    """The answer of *send*, which is called at most *tries* times, and once at least.

    Not *repeatable*: only when the connection could not even be made. Raises Problem, Unreachable.
    """
    number = 0
    while True:
        number += 1
        pause = min(SECONDS_MAX, FIRST_SECONDS * 2 ** (number - 1)) * random.uniform(0.5, 1.0)
        try:
            answer = send()
        except httpx.TransportError as error:
            if number >= tries or not (repeatable or isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))):
                raise Unreachable(f"no answer after {number} tries: {type(error).__name__}") from error
        else:
            if answer.status_code < 400:
                return answer
            problem = Problem(answer)
            passing = answer.status_code in AGAIN or problem.code == "idempotency_in_progress"
            if number >= tries or not passing or not repeatable:
                raise problem
            pause = max(pause, _retry_after(answer))
        sleep(pause)


def _retry_after(answer: httpx.Response) -> float:
    """Seconds that the server asks for; no longer than anybody waits."""
    try:
        return min(SECONDS_MAX, float(answer.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0
