"""The public names of what happens to a generation, and what of it is shown."""

from collections.abc import Callable
from typing import Any

from api.kit.shapes import moment
from api.shapes.submissions import TimelineEvent
from domain.generations import events
from domain.ports import Recorded

Told = Callable[[Any], dict[str, Any]]


def _nothing(fact: Any) -> dict[str, Any]:
    return {}


def _ended(fact: Any) -> dict[str, Any]:
    return {"charged": fact.charged, "released": fact.released}


#: topic -> (public type, what is told). Nothing here is personal.
TOLD: dict[str, tuple[str, Told]] = {
    events.ChargeRefunded.TOPIC: ("generation.charge_refunded", lambda fact: {"amount": fact.amount}),
    events.GenerationCancelRequested.TOPIC: ("generation.cancel_requested", _nothing),
    events.GenerationCanceled.TOPIC: ("generation.canceled", _ended),
    events.GenerationDeleted.TOPIC: ("generation.deleted", _nothing),
    events.GenerationFailed.TOPIC: (
        "generation.failed",
        lambda fact: {**_ended(fact), "code": fact.code, "message": fact.message, "retryable": fact.retryable},
    ),
    events.GenerationQueued.TOPIC: ("generation.queued", _nothing),
    events.GenerationRepeated.TOPIC: ("generation.repeated", lambda fact: {"generation_id": str(fact.again), "charge": fact.charge}),
    events.GenerationRequested.TOPIC: ("generation.queued", lambda fact: {"quoted": fact.quoted}),
    events.GenerationRetrying.TOPIC: (
        "generation.retrying",
        lambda fact: {"attempt": fact.attempt, "code": fact.code, "run_at": moment(fact.run_at)},
    ),
    events.GenerationStarted.TOPIC: ("generation.started", lambda fact: {"attempt": fact.attempt}),
    events.GenerationSubmitted.TOPIC: ("generation.submitted", lambda fact: {"attempt": fact.attempt, "submit": fact.submit}),
    events.GenerationSubmitting.TOPIC: ("generation.submitting", lambda fact: {"attempt": fact.attempt, "submit": fact.submit}),
    events.GenerationSucceeded.TOPIC: (
        "generation.succeeded",
        lambda fact: {**_ended(fact), "attempt": fact.attempt, "asset_ids": [str(asset_id) for asset_id in fact.asset_ids]},
    ),
}


def shown_event(event: Recorded) -> TimelineEvent:
    fact: Any = event.fact
    type_, told = TOLD[event.topic]
    if isinstance(fact, events.GenerationRequested) and fact.run_at is not None:
        type_ = "generation.scheduled"
    return TimelineEvent(
        type=type_,
        timestamp=moment(fact.timestamp),
        recorded_at=moment(event.recorded_at),
        position=event.position,
        data=told(fact),
    )
