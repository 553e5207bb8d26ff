"""The row of a generation after each of its facts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.generations import events
from projections.generations.generations import INSERT, MODEL, UPDATE, GenerationRow, Present
from projections.generations.rows import GenerationState
from tests.support.book import NOON
from tests.support.telling import ACCOUNT, Told, happened

ID = UUID("01936b2e-0000-7000-8000-000000000002")
ASSET = UUID("01936b2e-0000-7000-8000-000000000003")
REQUEST: dict[str, Any] = {
    "account_id": ACCOUNT,
    "kind": "image",
    "model": "builtin/sketch-1",
    "provider": "builtin",
    "queue": "image",
    "params": {"size": "64x64"},
    "inputs": [],
    "sealed": "s1.words",
    "tag_index": ["aa"],
    "priority": "high",
    "quoted": 5,
    "price_version": 1,
    "on_cancel": "free",
    "run_at": None,
    "start_deadline": None,
    "deadline": NOON + timedelta(hours=1),
    "fallback_models": [],
}


def requested(**changes: Any):
    return happened(events.GenerationRequested, 1, stream=ID, **{**REQUEST, **changes})


def then(*more: tuple[Any, dict[str, Any]], **changes: Any) -> GenerationRow:
    """The row after a request and these facts."""
    told = Told(MODEL, Present([])).given([requested(**changes)])
    told.given([happened(kind, position, stream=ID, **values) for position, (kind, values) in enumerate(more, 2)])
    (row,) = told.rows(INSERT)
    assert told.rows(UPDATE) == []
    assert row.position == len(more) + 1 and row.updated_at == NOON + timedelta(minutes=row.position)
    return row


STARTED = (events.GenerationStarted, {"attempt": 1, "worker": "w1"})
SUCCEEDED = (
    events.GenerationSucceeded,
    {"attempt": 1, "asset_ids": [ASSET], "charged": 4, "released": 1, "usage": {"item": 1}, "paid_by": [], "sealed_output": "s1.out"},
)


def test_a_request_is_queued_and_holds_its_quote():
    row = then()
    assert (row.status, row.quoted, row.held, row.charged, row.released, row.refunded) == ("queued", 5, 5, 0, 0, 0)
    assert (row.created_at, row.queued_at, row.created_position) == (row.updated_at, row.updated_at, 1)
    assert {name: getattr(row, name) for name in REQUEST} == REQUEST
    assert (row.batch_id, row.schedule_id, row.retry_of, row.attempts, row.started_at, row.finished_at) == (None, None, None, 0, None, None)


def test_a_request_with_a_time_is_scheduled_until_it_is_queued():
    later = NOON + timedelta(hours=2)
    scheduled = then(run_at=later)
    assert (scheduled.status, scheduled.queued_at, scheduled.run_at, scheduled.held) == ("scheduled", None, later, 5)
    queued = then((events.GenerationQueued, {}), run_at=later)
    assert (queued.status, queued.queued_at) == ("queued", NOON + timedelta(minutes=2))


def test_a_start_runs_the_first_attempt():
    row = then(STARTED)
    assert (row.status, row.attempt, row.attempts, row.started_at) == ("running", 1, 1, row.updated_at)
    assert (row.queued_at, row.finished_at) == (row.started_at - timedelta(minutes=1), None)


def test_taking_over_from_a_lost_worker_moves_the_fence_and_burns_nothing():
    row = then(STARTED, (events.GenerationStarted, {"attempt": 2, "worker": "w2"}))
    assert (row.attempt, row.attempts, row.started_at) == (2, 1, NOON + timedelta(minutes=2))


@pytest.mark.parametrize(("code", "attempts"), [("overloaded", 1), ("handed_back", 0), ("worker_lost", 0)])
def test_a_retry_waits_again_and_only_a_failure_burned_the_attempt(code: str, attempts: int):
    row = then(STARTED, (events.GenerationRetrying, {"attempt": 1, "code": code, "run_at": None}))
    assert (row.status, row.attempts, row.attempt) == ("queued", attempts, 1)
    again = then(
        STARTED,
        (events.GenerationRetrying, {"attempt": 1, "code": code, "run_at": None}),
        (events.GenerationStarted, {"attempt": 2, "worker": "w1"}),
    )
    assert (again.status, again.attempts, again.attempt) == ("running", attempts + 1, 2)


def test_a_wish_to_cancel_is_noted():
    row = then(STARTED, (events.GenerationCancelRequested, {"actor": "owner"}))
    assert (row.status, row.cancel_requested_at) == ("running", row.updated_at)


def test_a_success_ends_the_hold_and_names_its_results():
    row = then(STARTED, SUCCEEDED)
    assert (row.status, row.held, row.charged, row.released) == ("succeeded", 0, 4, 1)
    assert (row.asset_ids, row.usage, row.sealed_output, row.error) == ([ASSET], {"item": 1}, "s1.out", None)
    assert (row.finished_at, row.started_at) == (row.updated_at, row.updated_at - timedelta(minutes=1))


def test_a_failure_says_why_and_charges_nothing():
    fact = {"code": "timeout", "message": "Too slow.", "retryable": True, "charged": 0, "released": 5}
    row = then(STARTED, (events.GenerationFailed, fact))
    assert (row.status, row.held, row.charged, row.released, row.finished_at) == ("failed", 0, 0, 5, row.updated_at)
    assert row.error == {"code": "timeout", "message": "Too slow.", "retryable": True}


def test_a_cancel_charges_what_was_delivered():
    row = then(STARTED, (events.GenerationCanceled, {"actor": "owner", "charged": 2, "released": 3, "paid_by": []}))
    assert (row.status, row.held, row.charged, row.released, row.error) == ("canceled", 0, 2, 3, None)


def test_refunds_add_up_and_the_charge_stays():
    refund = {"grant_id": ASSET, "amount": 1, "reason": "late"}
    row = then(STARTED, SUCCEEDED, *[(events.ChargeRefunded, {"refund_id": UUID(int=n), **refund}) for n in range(2)])
    assert (row.status, row.charged, row.refunded) == ("succeeded", 4, 2)


def test_a_deleted_one_keeps_its_row():
    assert then(STARTED, SUCCEEDED, (events.GenerationDeleted, {})).deleted is True


def test_what_was_requested_before_is_changed_in_place():
    values = {"model": "m/1", "provider": "p", "fallback_models": []}
    before = GenerationState(id=ID, status="queued", held=5, updated_at=NOON, position=1, **values)
    told = Told(MODEL, Present([before])).given([happened(events.GenerationStarted, 9, stream=ID, attempt=1, worker="w1")])
    assert told.rows(INSERT) == []
    assert [(row.status, row.position) for row in told.rows(UPDATE)] == [("running", 9)]


def test_a_fact_about_a_generation_that_nobody_requested_fails_the_fold():
    with pytest.raises(KeyError):
        Told(MODEL, Present([])).given([happened(events.GenerationQueued, 2, stream=ID)])
