"""An adapter as the contract suite sees it: how to make it and its server, a job, and what must come of every misbehaviour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.ports import Outgoing
from domain.providers.jobs import Input, Job
from tests.support.protocol_server import PIXEL, ProtocolServer

KEY = "sk-of-the-tests-0123456789"
OWN_KEY = "sk-of-a-caller-9876543210"
SECRET = "whsec_of-the-tests"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: Small enough to be flooded at once.
BODY_BYTES_MAX = 2_000_000
PICTURE = Input(data=PIXEL, content_type="image/png")

#: Our code, and whether the same job may be given to the provider again.
Outcome = tuple[str, bool]
LOST: Outcome = ("provider_error", False)

#: What must come of a misbehaviour of the first request of a job, in any protocol.
EXPECTED: dict[str, Outcome] = {
    # The provider may have worked and billed.
    "answer lost": LOST, "bomb": LOST, "deep json": LOST, "drop": LOST, "endless": LOST, "html": LOST, "list": LOST, "nothing": LOST,
    "not utf-8": LOST, "packed unasked": LOST, "truncated": LOST,
    # The provider said no.
    "error in endless words": ("provider_error", True), "limited": ("rate_limited", True), "redirect": ("provider_error", True),
    "status 400": ("invalid_request", False), "status 401": ("auth", False), "status 402": ("insufficient_provider_credit", False),
    "status 403": ("auth", False), "status 404": ("model_retired", False), "status 408": ("timeout", True),
    "status 422": ("invalid_request", False), "status 429": ("rate_limited", True), "status 500": ("provider_error", True),
    "status 502": ("provider_error", True), "status 503": ("overloaded", True), "status 504": ("timeout", True),
}  # fmt: skip
#: Moods that cost the time of the job: all adapters meet them at once.
WAITING: dict[str, Outcome] = {"silent": ("timeout", False), "slow": ("timeout", False)}


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the good answer becomes."""

    artefacts: list[bytes] = field(default_factory=list)
    usage: dict[str, int]
    output: Any = None


@dataclass(frozen=True, kw_only=True)
class Callbacks:
    """`good` is believed at NOON with SECRET; none of `forged` is, with their names as reasons. `signed`: there is a signature at all."""

    good: Callable[[], tuple[Mapping[str, str], bytes]]
    forged: Callable[[], Mapping[str, tuple[Mapping[str, str], bytes]]]
    signed: bool = True


@dataclass(frozen=True, kw_only=True)
class Long:
    """Of a long adapter. The steps of its server are called submit, poll, download (where it has one) and cancel."""

    #: Moods at `poll` that mean: not done yet, and the progress that they tell.
    running: dict[str, float | None]
    #: Moods at `poll`, in which the job has failed.
    failed: dict[str, Outcome]
    callbacks: Callbacks | None = None
    can_cancel: bool = True
    can_look_up: bool = False
    #: The result is read from the provider itself, with the key.
    keyed_download: bool = False


@dataclass(frozen=True, kw_only=True)
class Case:
    """`own` are the moods of the server at the first step and their outcomes. Of those that every protocol should have ("blocked",
    "empty", "error in 200"), `lacks` says why there is none. `differs` corrects EXPECTED, with None for what cannot be.
    """

    name: str
    server: Callable[[], ProtocolServer]
    #: (server, outgoing=, api_key=) -> the adapter; a long one is also given callback_secret=.
    make: Callable[..., Any]
    job: Job
    makes: Made
    #: A key as the header that shows it.
    shows: Callable[[str], tuple[str, str]] = lambda key: ("Authorization", f"Bearer {key}")
    own: dict[str, Outcome]
    lacks: dict[str, str] = field(default_factory=dict)
    differs: dict[str, Outcome | None] = field(default_factory=dict)
    long: Long | None = None

    @property
    def first(self) -> str:
        """The step at which the provider is asked to work."""
        return "submit" if self.long else "generate"

    def expected(self) -> dict[str, Outcome]:
        return {mood: outcome for mood, outcome in (EXPECTED | self.differs | self.own).items() if outcome is not None}

    def adapter(self, server: ProtocolServer, outgoing: Outgoing, *, api_key: str | None = KEY, **more: Any) -> Any:
        return self.make(server, outgoing=outgoing, api_key=api_key, **more)


def job_of(kind: str, *, upstream: str = "vendor/model-1", prompt: str = "a cat", timeout_seconds: int = 20, **fields: Any) -> Job:
    """With `params`, `adapter`, `inputs` and what else a job has."""
    given: dict[str, Any] = {"negative_prompt": None, "params": {}, "adapter": {}} | fields
    return Job(
        generation_id=UUID(int=1), attempt=1, kind=kind, upstream=upstream, prompt=prompt, timeout_seconds=timeout_seconds, **given
    )  # fmt: skip


def changed(job: Job, **fields: Any) -> Job:
    return msgspec.structs.replace(job, **fields)
