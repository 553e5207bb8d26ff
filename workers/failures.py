"""Why an attempt failed, in the words of the public contract, and when it may be tried again."""

import random

from domain.generations.generation import SUBMIT_UNKNOWN
from domain.generations.refusals import GenerationFinal, GenerationNotFound, StaleAttempt
from domain.providers.jobs import ProviderFailure

#: The stream says that the generation is not ours (any more).
NOT_OURS = (GenerationFinal, GenerationNotFound, StaleAttempt)
#: code -> seconds before the second attempt; each further one doubles it.
FIRST_SECONDS = {"no_output": 1.0, "overloaded": 5.0, "rate_limited": 5.0, "storage_unavailable": 5.0, SUBMIT_UNKNOWN: 5.0}
OTHERWISE_SECONDS = 2.0
SECONDS_MAX = 300.0
#: Many generations that failed together do not come back together.
SPREAD = 0.2


class AttemptFailed(Exception):
    """`message` is shown to the caller; `retryable`: the same request may succeed later."""

    def __init__(self, code: str, message: str, *, retryable: bool, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


def attempt_failed(failure: ProviderFailure) -> AttemptFailed:
    return AttemptFailed(failure.code, failure.message, retryable=failure.retryable, retry_after_seconds=failure.retry_after_seconds)


def submit_unknown(*, retryable: bool) -> AttemptFailed:
    """Nobody knows whether the provider took the job."""
    sentence = "The provider may have taken the job, but its answer was lost; giving it once more could be paid for twice."
    return AttemptFailed(SUBMIT_UNKNOWN, sentence, retryable=retryable)


def pause_seconds(failure: AttemptFailed, *, attempts: int) -> float:
    """Seconds to wait after attempt number *attempts* failed; never less than the provider asked for."""
    pause = min(SECONDS_MAX, FIRST_SECONDS.get(failure.code, OTHERWISE_SECONDS) * 2 ** (attempts - 1))
    return max(pause * (1 + random.uniform(0, SPREAD)), failure.retry_after_seconds or 0.0)
