"""What can be asked of a generation. `free_tier`: welcome credits may pay for the model."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.commands import Command


class RequestGeneration(Command):
    generation_id: UUID
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
    free_tier: bool = True
    batch_id: UUID | None = None
    schedule_id: UUID | None = None
    retry_of: UUID | None = None
    fallback_models: list[str] = []
    rate: int = 0
    rate_unit: str = "item"
    rate_per: int = 1
    own_key: bool = False
    webhook: str | None = None


class RequestBatch(Command):
    """Several at once, all or none of them. Their `account_id` and `batch_id` are those of the batch."""

    batch_id: UUID
    account_id: UUID
    generations: list[RequestGeneration]


class QueueGeneration(Command):
    """The scheduler found that a scheduled generation is due."""

    generation_id: UUID


class StartGeneration(Command):
    """A worker that claimed the generation begins. Result: {"attempt": n}.

    `began_at` set: it began then, the first attempt of all. Whoever is not that any more is refused as stale.
    """

    generation_id: UUID
    worker: str
    began_at: datetime | None = None


class NewAsset(Command):
    """One stored result of a generation, or an upload."""

    asset_id: UUID
    kind: str
    content_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    duration_ms: int | None
    object_key: str
    thumbnail_key: str | None
    sealed_filename: str


class SucceedGeneration(Command):
    """`price` is the actual price; it is capped at the hold. `began_at` set: the attempt began then, which is not recorded yet."""

    generation_id: UUID
    account_id: UUID
    attempt: int
    worker: str
    assets: list[NewAsset]
    price: int
    usage: dict[str, int]
    sealed_output: str | None = None
    began_at: datetime | None = None


class FailGeneration(Command):
    """End attempt `attempt` for good. `attempt` None: whoever runs it (deadline, quarantine)."""

    generation_id: UUID
    account_id: UUID
    attempt: int | None
    code: str
    message: str
    retryable: bool


class SubmitGeneration(Command):
    """Attempt `attempt` is about to give its long job to the provider, as submit `submit`."""

    generation_id: UUID
    account_id: UUID
    attempt: int
    submit: int


class ParkGeneration(Command):
    """The provider has the job of attempt `attempt`: no worker holds it any more, and it is looked after from `poll_at` on."""

    generation_id: UUID
    account_id: UUID
    attempt: int
    submit: int
    sealed_job: str
    poll_at: datetime


class RetryGeneration(Command):
    """Give attempt `attempt` back to the queue: it failed and may be tried again, was drained, or lost its worker.

    `model` set: by this one of the caller's fallback models, at its rate.
    """

    generation_id: UUID
    account_id: UUID
    attempt: int
    code: str
    run_at: datetime | None
    model: str | None = None
    provider: str | None = None
    rate: int = 0
    rate_unit: str = "item"
    rate_per: int = 1


class CancelGeneration(Command):
    """By its owner, or an operator. Ends scheduled and queued at once; a running one is asked to stop."""

    generation_id: UUID
    account_id: UUID
    actor: str


class FinishCancel(Command):
    """The worker stopped attempt `attempt` after a cancel. `delivered_price`: what the caller could already fetch costs."""

    generation_id: UUID
    account_id: UUID
    attempt: int
    delivered_price: int
    usage: dict[str, int] = {}
    sealed_output: str | None = None


class ExpireGeneration(Command):
    """A deadline has passed: `which` is "start_deadline" or "deadline". `attempt` None: whoever runs it.

    A worker also says what the caller could already fetch, and what that costs.
    """

    generation_id: UUID
    account_id: UUID
    which: str
    attempt: int | None = None
    delivered_price: int = 0
    usage: dict[str, int] = {}
    sealed_output: str | None = None


class DeleteGeneration(Command):
    """Final only; its assets go too. `asset_ids` are those the caller found on the generation."""

    generation_id: UUID
    account_id: UUID
    asset_ids: list[UUID]
