"""Facts of a generation's stream."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.kernel.facts import Fact, FirstFact


class Paid(NamedTuple):
    """Which grant paid how much of a charge, and when that grant expires: a refund expires with it."""

    grant_id: UUID
    amount: int
    expires_at: datetime | None


class GenerationRequested(FirstFact):
    """Accepted: credits are held in the same commit.

    `sealed` is the caller's words as JSON under the account's key (`words.py`); `tag_index` the tags' keyed hashes, for filters.
    `params` are the checked, complete params without those words. `inputs` name the caller's assets; of a URL only that there is
    one. `run_at` set means it begins as scheduled. What is delivered costs `rate` for each started `rate_per` of `rate_unit`.
    `own_key`: it runs on the caller's own key at the provider. `webhook`: the keyed hash of the URL at which it is told, None without one.
    """

    TOPIC = "generations.requested"
    account_id: UUID
    kind: str
    model: str
    provider: str
    queue: str
    params: dict[str, Any]
    inputs: list[dict[str, Any]]
    sealed: str
    tag_index: list[str]
    priority: str
    quoted: int
    price_version: int
    on_cancel: str
    run_at: datetime | None
    start_deadline: datetime | None
    deadline: datetime
    fallback_models: list[str]
    batch_id: UUID | None = None
    schedule_id: UUID | None = None
    retry_of: UUID | None = None
    rate: int = 0
    rate_unit: str = "item"
    rate_per: int = 1
    own_key: bool = False
    webhook: str | None = None


class GenerationQueued(Fact):
    """A scheduled generation's time has come."""

    TOPIC = "generations.queued"


class GenerationStarted(Fact):
    """Worker `worker` began attempt `attempt` (1, 2, …). Whoever appends this owns the attempt.

    The timestamp is when it began. A first attempt that may be made twice is recorded up to a moment later, or with its end.
    """

    TOPIC = "generations.started"
    attempt: int
    worker: str


class GenerationSubmitting(Fact):
    """The worker is about to give submit `submit` (1, 2, …) of a long job to the provider; from here on the job may exist there.

    `submit` grows only once it is known that the one before was not taken.
    """

    TOPIC = "generations.submitting"
    attempt: int
    submit: int


class GenerationSubmitted(Fact):
    """The provider has taken submit `submit`. `sealed_job` is JSON {upstream_id, data} under the account's key."""

    TOPIC = "generations.submitted"
    attempt: int
    submit: int
    sealed_job: str


class GenerationRetrying(Fact):
    """Attempt `attempt` failed and another follows at `run_at`; or it was handed back (`code` "handed_back", "worker_lost").

    After `code` "submit_unknown" nobody knows whether the provider took the job. `model` set: the next in the caller's fallback order
    makes it from now on, at its own rate.
    """

    TOPIC = "generations.retrying"
    attempt: int
    code: str
    run_at: datetime | None
    model: str | None = None
    provider: str | None = None
    rate: int = 0
    rate_unit: str = "item"
    rate_per: int = 1


class GenerationCancelRequested(Fact):
    """The caller wants a running generation to stop; the worker ends it."""

    TOPIC = "generations.cancel_requested"
    actor: str


class GenerationSucceeded(Fact):
    """`sealed_output` is JSON under the account's key, None for kinds that only make assets."""

    TOPIC = "generations.succeeded"
    attempt: int
    asset_ids: list[UUID]
    charged: int
    released: int
    usage: dict[str, int]
    paid_by: list[Paid]
    sealed_output: str | None = None


class GenerationFailed(Fact):
    """`code` is normalised; `message` is our own sentence, never an upstream body.

    Only a deadline charges: for what the caller could read before it passed, which is `sealed_output` and counted in `usage`.
    """

    TOPIC = "generations.failed"
    code: str
    message: str
    retryable: bool
    charged: int
    released: int
    paid_by: list[Paid] | None = None
    usage: dict[str, int] | None = None
    sealed_output: str | None = None


class GenerationCanceled(Fact):
    """`sealed_output` and `usage`: what the caller could read before it ended."""

    TOPIC = "generations.canceled"
    actor: str
    charged: int
    released: int
    paid_by: list[Paid]
    usage: dict[str, int] | None = None
    sealed_output: str | None = None


class ChargeRefunded(Fact):
    """Part of this generation's charge was given back by the grant `grant_id`; the charge stays in the book."""

    TOPIC = "generations.charge_refunded"
    refund_id: UUID
    grant_id: UUID
    amount: int
    reason: str


class GenerationRepeated(Fact):
    """An operator had it asked for once more, as generation `again`. `charge`: "account", or "house": its credits were given before."""

    TOPIC = "generations.repeated"
    again: UUID
    charge: str


class GenerationDeleted(Fact):
    TOPIC = "generations.deleted"
