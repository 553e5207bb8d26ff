"""One generation, from its request to its end. The stream is the fence: one attempt at a time owns it, and final is final."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from domain.credits.refusals import ChargeFullyRefunded, NothingToRefund, RefundExceedsCharge, RefundExists
from domain.generations import events, refusals
from domain.generations.commands import RequestGeneration, RetryGeneration
from domain.generations.events import Paid
from domain.generations.quote import Rate
from domain.kernel.commands import Streams
from domain.kernel.facts import Fact, Root, when

FINAL = frozenset({"succeeded", "failed", "canceled"})
STATUSES = ("canceled", "failed", "queued", "running", "scheduled", "succeeded")
#: These end an attempt without burning it: the worker was drained or lost, the work itself did not fail.
UNBURNED = frozenset({"handed_back", "worker_lost"})
#: The code of an attempt that ended without anybody knowing whether the provider took its job.
SUBMIT_UNKNOWN = "submit_unknown"
#: After these nothing is known about a submit that was under way.
_LEAVE_OPEN = UNBURNED | {SUBMIT_UNKNOWN}


class Generation(Root):
    """`attempt` numbers the fence and only grows; `attempts` counts those that burned."""

    TOPIC = "generations.generation"
    class_version = 3

    def __init__(self) -> None:
        self.status = "queued"
        self.attempt = 0
        self.attempts = 0
        self.charged = 0
        self.released = 0
        self.refunded = 0
        self.refunds: dict[str, int] = {}
        self.paid_by: list[Paid] = []
        self.cancel_requested_at: datetime | None = None
        self.queued_at: datetime | None = None
        self.started_at: datetime | None = None
        self.finished_at: datetime | None = None
        self.error: dict[str, Any] | None = None
        self.usage: dict[str, int] = {}
        self.asset_ids: list[UUID] = []
        #: The number of the last submit; `submitting` while nobody knows whether the provider took it.
        self.submit = 0
        self.submitting = False
        #: The job that the provider has, and since when.
        self.sealed_job: str | None = None
        self.submitted_at: datetime | None = None
        self.sealed_output: str | None = None
        #: The generation that an operator had made in its place.
        self.repeated_as: UUID | None = None
        self.deleted = False

    @classmethod
    def request(cls, command: RequestGeneration, *, now: datetime) -> "Generation":
        generation: Generation = cls._create(
            events.GenerationRequested,
            id=command.generation_id,
            timestamp=now,
            **dict(zip(_REQUESTED, _requested_of(command), strict=True)),
        )
        return generation

    @classmethod
    def of(cls, streams: Streams, generation_id: UUID, account_id: UUID | None, *, also_deleted: bool = False) -> "Generation":
        """The generation out of *streams*, if it belongs to *account_id* (None: anybody).   Raises GenerationNotFound."""
        found = streams.get(cls, generation_id)
        if found is None or (found.deleted and not also_deleted) or (account_id is not None and found.account_id != account_id):
            raise refusals.GenerationNotFound()
        return found

    @property
    def created_at(self) -> datetime:
        return self._created_on

    @property
    def final(self) -> bool:
        return self.status in FINAL

    @property
    def held(self) -> int:
        return 0 if self.final else self.quoted

    @property
    def pricing(self) -> Rate:
        """What the delivered costs. Requests from before rates were written down cost what was quoted, item by item."""
        if self.rate:
            return Rate(self.rate, self.rate_unit, self.rate_per)
        return Rate(self.quoted // max(1, int(self.params.get("count", 1))))

    def enqueue(self, *, now: datetime) -> bool:
        """A scheduled generation is due. False when it was queued, or ended, before."""
        if self.status != "scheduled":
            return False
        self.record(events.GenerationQueued, now=now)
        return True

    def start(self, *, worker: str, now: datetime) -> None:
        """Begin the next attempt. Also takes over from a worker that was lost, whose late result is then stale."""
        self._refuse_if_final()
        self.record(events.GenerationStarted, now=now, attempt=self.attempt + 1, worker=worker)

    def retry(self, command: RetryGeneration, *, now: datetime) -> None:
        self.check_attempt(command.attempt)
        self.record(events.GenerationRetrying, now=now, **{name: getattr(command, name) for name in _RETRIED})

    def intend_submit(self, *, attempt: int, submit: int, now: datetime) -> None:
        self.check_attempt(attempt)
        self.record(events.GenerationSubmitting, now=now, attempt=attempt, submit=submit)

    def park(self, *, attempt: int, submit: int, sealed_job: str, now: datetime) -> None:
        self.check_attempt(attempt)
        self.record(events.GenerationSubmitted, now=now, attempt=attempt, submit=submit, sealed_job=sealed_job)

    def request_cancel(self, *, actor: str, now: datetime) -> None:
        if self.cancel_requested_at is None:
            self.record(events.GenerationCancelRequested, now=now, actor=actor)

    def succeed(
        self,
        *,
        attempt: int,
        asset_ids: Sequence[UUID],
        charged: int,
        usage: dict[str, int],
        paid_by: list[Paid],
        sealed_output: str | None,
        now: datetime,
    ) -> None:
        self.check_attempt(attempt)
        self.record(
            events.GenerationSucceeded,
            now=now,
            attempt=attempt,
            asset_ids=list(asset_ids),
            charged=charged,
            released=self.quoted - charged,
            usage=usage,
            paid_by=paid_by,
            sealed_output=sealed_output,
        )

    def fail(self, *, code: str, message: str, retryable: bool, now: datetime, **delivered: Any) -> None:
        """End without a charge, unless something was *delivered*; check the attempt before, unless the end does not depend on it."""
        self._refuse_if_final()
        self._end_early(events.GenerationFailed, now, {"code": code, "message": message, "retryable": retryable, **delivered})

    def cancel(self, *, actor: str, now: datetime, **delivered: Any) -> None:
        """*delivered*: what the caller could read before, as `charged`, `paid_by`, `usage` and `sealed_output`."""
        self._refuse_if_final()
        self._end_early(events.GenerationCanceled, now, {"actor": actor, **delivered})

    def _end_early(self, fact: type[Fact], now: datetime, values: dict[str, Any]) -> None:
        values = {"charged": 0, "paid_by": [], "usage": {}, "sealed_output": None, **values}
        self.record(fact, now=now, released=self.quoted - values["charged"], **values)

    def refund(self, refund_id: UUID, *, grant_id: UUID, amount: int | None, reason: str, now: datetime) -> int:
        """Note that *amount* (None: all that is left) of the charge goes back. Returns it; 0 when *refund_id* was noted before."""
        before = self.refunds.get(str(refund_id))
        if before is not None:
            if amount not in (None, before):
                raise RefundExists(refund_id=str(refund_id), amount=before)
            return 0
        left = self.charged - self.refunded
        if self.charged == 0:
            raise NothingToRefund(generation_id=str(self.id))
        if left == 0:
            raise ChargeFullyRefunded(generation_id=str(self.id))
        asked = left if amount is None else amount
        if asked > left or asked < 1:
            raise RefundExceedsCharge(asked=asked, left=left)
        self.record(events.ChargeRefunded, now=now, refund_id=refund_id, grant_id=grant_id, amount=asked, reason=reason)
        return asked

    def repeat(self, again: UUID, *, charge: str, now: datetime) -> None:
        """Note that it is asked for once more.   Raises GenerationNotRepeatable, GenerationAlreadyRepeated."""
        if self.status not in ("failed", "canceled"):
            raise refusals.GenerationNotRepeatable(status=self.status)
        if self.repeated_as is not None:
            raise refusals.GenerationAlreadyRepeated(again=str(self.repeated_as))
        self.record(events.GenerationRepeated, now=now, again=again, charge=charge)

    def ended_just_so(self, status: str, **values: Any) -> bool:
        """Has this end been recorded before, in the same words? Then repeating it changes nothing.

        Raises HoldAlreadyCaptured, or HoldAlreadyReleased, when another end has moved the credits, GenerationFinal when there were none.
        """
        if not self.final:
            return False
        if self.status == status and all(getattr(self, name) == value for name, value in values.items()):
            return True
        if self.charged:
            raise refusals.HoldAlreadyCaptured(status=self.status, charged=self.charged)
        if self.quoted:
            raise refusals.HoldAlreadyReleased(status=self.status)
        raise refusals.GenerationFinal(status=self.status)

    def delete(self, *, now: datetime) -> None:
        if not self.final:
            raise refusals.GenerationOpen(status=self.status)
        self.record(events.GenerationDeleted, now=now)

    def check_next(self, attempt: int) -> None:
        """Raises GenerationFinal, or StaleAttempt when *attempt* is not the one that is to begin next."""
        self._refuse_if_final()
        if attempt != self.attempt + 1 or self.status != "queued":
            raise refusals.StaleAttempt(asked=attempt, current=self.attempt)

    def check_attempt(self, attempt: int) -> None:
        """Raises GenerationFinal, or StaleAttempt when another worker owns the generation now."""
        self._refuse_if_final()
        if attempt != self.attempt or self.status != "running":
            raise refusals.StaleAttempt(asked=attempt, current=self.attempt)

    def _refuse_if_final(self) -> None:
        if self.final:
            raise refusals.GenerationFinal(status=self.status)

    @when(events.GenerationRequested)
    def _requested(self, fact: events.GenerationRequested) -> None:
        # All that was asked for, in one step: every submit passes here twice.
        state = vars(self)
        state.update(vars(fact))
        for name in _OF_THE_LOG:
            del state[name]
        self.status = "scheduled" if fact.run_at else "queued"
        self.queued_at = None if fact.run_at else fact.timestamp
        self.updated_at = fact.timestamp

    @when(events.GenerationQueued)
    def _queued(self, fact: events.GenerationQueued) -> None:
        self.status = "queued"
        self.queued_at = self.updated_at = fact.timestamp

    @when(events.GenerationStarted)
    def _started(self, fact: events.GenerationStarted) -> None:
        # Taking over from a lost worker burns no attempt: nothing says that the work itself failed.
        self.attempts = max(1, self.attempts + (self.status != "running"))
        self.status = "running"
        self.attempt = fact.attempt
        self.started_at = self.started_at or fact.timestamp
        self.updated_at = fact.timestamp

    @when(events.GenerationSubmitting)
    def _submitting(self, fact: events.GenerationSubmitting) -> None:
        self.submit = fact.submit
        self.submitting = True
        self.updated_at = fact.timestamp

    @when(events.GenerationSubmitted)
    def _submitted(self, fact: events.GenerationSubmitted) -> None:
        self.submitting = False
        self.sealed_job = fact.sealed_job
        self.submitted_at = self.submitted_at or fact.timestamp
        self.updated_at = fact.timestamp

    @when(events.GenerationRetrying)
    def _retrying(self, fact: events.GenerationRetrying) -> None:
        self.status = "queued"
        self.attempts -= fact.code in UNBURNED
        if fact.model is not None and fact.provider is not None:
            self._fall_back(fact, fact.model, fact.provider)
        if fact.code not in _LEAVE_OPEN:
            # The provider said no, so there is no job of ours any more.
            self.submitting = False
            self.sealed_job = self.submitted_at = None
        self.updated_at = fact.timestamp

    def _fall_back(self, fact: events.GenerationRetrying, model: str, provider: str) -> None:
        """Its attempts begin anew; what stood before it in the caller's order has had its turn."""
        self.attempts = 0
        self.fallback_models = self.fallback_models[self.fallback_models.index(model) + 1 :] if model in self.fallback_models else []
        self.model, self.provider = model, provider
        self.rate, self.rate_unit, self.rate_per = fact.rate, fact.rate_unit, fact.rate_per
        self.own_key = False

    @when(events.GenerationCancelRequested)
    def _cancel_requested(self, fact: events.GenerationCancelRequested) -> None:
        self.cancel_requested_at = self.updated_at = fact.timestamp

    @when(events.GenerationSucceeded)
    def _succeeded(self, fact: events.GenerationSucceeded) -> None:
        self.asset_ids = list(fact.asset_ids)
        self.usage = dict(fact.usage)
        self.sealed_output = fact.sealed_output
        self._end("succeeded", fact)
        self.paid_by = list(fact.paid_by)

    @when(events.GenerationFailed)
    def _failed(self, fact: events.GenerationFailed) -> None:
        self.error = {"code": fact.code, "message": fact.message, "retryable": fact.retryable}
        self._end("failed", fact)
        self._deliver(fact)

    @when(events.GenerationCanceled)
    def _canceled(self, fact: events.GenerationCanceled) -> None:
        self._end("canceled", fact)
        self._deliver(fact)

    @when(events.ChargeRefunded)
    def _charge_refunded(self, fact: events.ChargeRefunded) -> None:
        self.refunds[str(fact.refund_id)] = fact.amount
        self.refunded += fact.amount
        self.updated_at = fact.timestamp

    @when(events.GenerationRepeated)
    def _repeated(self, fact: events.GenerationRepeated) -> None:
        self.repeated_as = fact.again
        self.updated_at = fact.timestamp

    @when(events.GenerationDeleted)
    def _deleted(self, fact: events.GenerationDeleted) -> None:
        self.deleted = True
        self.updated_at = fact.timestamp

    def _end(self, status: str, fact: events.GenerationSucceeded | events.GenerationFailed | events.GenerationCanceled) -> None:
        self.status = status
        self.charged = fact.charged
        self.released = fact.released
        self.finished_at = self.updated_at = fact.timestamp

    def _deliver(self, fact: events.GenerationFailed | events.GenerationCanceled) -> None:
        self.paid_by = list(fact.paid_by or ())
        self.usage = dict(fact.usage or {})
        self.sealed_output = fact.sealed_output

    # Set from GenerationRequested.
    updated_at: datetime
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
    batch_id: UUID | None
    schedule_id: UUID | None
    retry_of: UUID | None
    fallback_models: list[str]
    rate: int
    rate_unit: str
    rate_per: int
    own_key: bool
    webhook: str | None


_REQUESTED = (
    "account_id",
    "kind",
    "model",
    "provider",
    "queue",
    "params",
    "inputs",
    "sealed",
    "tag_index",
    "priority",
    "quoted",
    "price_version",
    "on_cancel",
    "run_at",
    "start_deadline",
    "deadline",
    "batch_id",
    "schedule_id",
    "retry_of",
    "fallback_models",
    "rate",
    "rate_unit",
    "rate_per",
    "own_key",
    "webhook",
)
_RETRIED = ("attempt", "code", "run_at", "model", "provider", "rate", "rate_unit", "rate_per")
_requested_of = attrgetter(*_REQUESTED)
#: What a first fact says of its stream, not of what happened.
_OF_THE_LOG = ("originator_topic", "originator_id", "originator_version", "timestamp")
