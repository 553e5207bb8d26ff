"""What a provider is asked, and what it answers."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

#: The normalised failure codes, and whether the same request may succeed later.
FAILURE_CODES: dict[str, bool] = {
    "auth": False,
    "content_rejected": False,
    "insufficient_provider_credit": False,
    "invalid_request": False,
    "model_retired": False,
    "no_output": True,
    "overloaded": True,
    "provider_error": True,
    "rate_limited": True,
    "timeout": True,
}


#: Told from time to time how much of a job is done, from 0 to 1. It never waits and never fails.
Report = Callable[[float], None]


def unheard(share: float) -> None:
    """The report of a job that nobody watches."""


#: Told each piece of a text as it comes. It never waits and never fails.
Say = Callable[[str], None]


def unsaid(text: str) -> None:
    """The listener of a text that nobody reads while it is written."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input of a job, fetched, and checked to be what `content_type` says."""

    data: bytes
    content_type: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a generation, in the clear. `params` are complete, the sealed ones among them."""

    generation_id: UUID
    attempt: int
    kind: str
    #: The provider's own name of the model.
    upstream: str
    prompt: str
    negative_prompt: str | None
    params: dict[str, Any]
    adapter: dict[str, Any]
    timeout_seconds: int
    #: In the caller's order; empty when a job is only looked after.
    inputs: list[Input] = []
    #: Where an edit may change the first input.
    mask: Input | None = None
    #: The caller's own key at the provider; None: the installation's.
    api_key: str | None = None

    def __repr__(self) -> str:
        """Without anything of the caller's."""
        return f"Job({self.generation_id}, attempt {self.attempt}, {self.kind} by {self.upstream})"


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """The provider has taken a long job. `data` is what looking after it needs, such as its URLs; no secrets."""

    upstream_id: str
    data: dict[str, str] = {}
    #: When to look first.
    poll_seconds: float = 10.0


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A long job is not done. `poll_seconds` None: look again after the usual time."""

    progress: float | None = None
    poll_seconds: float | None = None


class LookUpUnsupported(Exception):
    """This provider cannot be asked for a job by our own name of it."""


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    """One result as the provider gave it; not yet checked."""

    data: bytes
    content_type: str | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`usage` counts what is priced, such as {"item": 2}, {"second": 5}, {"token": 731} or {"character": 80}.

    `output` is the JSON value of a text or an analysis. `partial`: the provider stopped at a limit; what there is counts.
    """

    artefacts: list[Artefact]
    usage: dict[str, int]
    output: Any = None
    partial: bool = False


class ProviderFailure(Exception):
    """A definite "no" from a provider, normalised. `message` is our own sentence; no upstream body is carried.

    `outcome_unknown`: the provider took the request, and may have worked and billed, but its answer is lost. Asking again would
    be paid twice, so such a failure is never retryable, whatever its code.
    """

    def __init__(self, code: str, message: str, *, retry_after_seconds: float | None = None, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_seconds = retry_after_seconds
        self.outcome_unknown = outcome_unknown

    @property
    def retryable(self) -> bool:
        return FAILURE_CODES[self.code] and not self.outcome_unknown

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.code, self.message, self.retry_after_seconds, self.outcome_unknown)


def _rebuild(code: str, message: str, retry_after_seconds: float | None, outcome_unknown: bool) -> ProviderFailure:
    return ProviderFailure(code, message, retry_after_seconds=retry_after_seconds, outcome_unknown=outcome_unknown)
