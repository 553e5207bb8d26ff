"""Generations: the object clients read and list. Everything the caller wrote or the model said is ciphertext."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.generations import events
from domain.generations.generation import UNBURNED
from projections.generations.queries import generation_of, page_of_generations
from projections.generations.rows import GenerationRow, GenerationState
from projections.kernel.facts import Event
from projections.kernel.model import Place, Write, read_model

__all__ = ["MODEL", "GenerationRow", "generation_of", "page_of_generations"]

DDL = """
CREATE TABLE read.generations_v1 (
    id                  uuid        PRIMARY KEY,
    account_id          uuid        NOT NULL,
    kind                text        NOT NULL,
    status              text        NOT NULL,
    model               text        NOT NULL,
    provider            text        NOT NULL,
    queue               text        NOT NULL,
    params              jsonb       NOT NULL,
    inputs              jsonb       NOT NULL,
    sealed              text        NOT NULL,
    sealed_output       text,
    tag_index           text[]      NOT NULL,
    priority            text        NOT NULL,
    batch_id            uuid,
    schedule_id         uuid,
    retry_of            uuid,
    fallback_models     text[]      NOT NULL,
    quoted              bigint      NOT NULL,
    held                bigint      NOT NULL,
    charged             bigint      NOT NULL,
    released            bigint      NOT NULL,
    refunded            bigint      NOT NULL,
    price_version       integer     NOT NULL,
    on_cancel           text        NOT NULL,
    attempt             integer     NOT NULL,
    attempts            integer     NOT NULL,
    cancel_requested_at timestamptz,
    asset_ids           uuid[]      NOT NULL,
    usage               jsonb       NOT NULL,
    error               jsonb,
    run_at              timestamptz,
    queued_at           timestamptz,
    start_deadline      timestamptz,
    deadline            timestamptz NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    started_at          timestamptz,
    finished_at         timestamptz,
    deleted             boolean     NOT NULL,
    position            bigint      NOT NULL,
    created_position    bigint      NOT NULL
) WITH (fillfactor = 85);
-- Lists of an account, and of everybody, by creation.
CREATE INDEX ON read.generations_v1 (account_id, created_position);
CREATE INDEX ON read.generations_v1 (created_position);
-- What is open, failed … of an account, and of everybody.
CREATE INDEX ON read.generations_v1 (account_id, status, created_position);
CREATE INDEX ON read.generations_v1 (status, created_position);
-- Tags are keyed per account, so they need no account beside them.
CREATE INDEX ON read.generations_v1 USING gin (tag_index) WHERE tag_index <> '{}';
-- What was retried, by what it is a retry of.
CREATE INDEX ON read.generations_v1 (retry_of) WHERE retry_of IS NOT NULL;
"""
# What the folding of later facts needs of a row.
LOAD = """
    SELECT id, status, held, charged, released, refunded, attempt, attempts, cancel_requested_at, asset_ids, usage, error,
           sealed_output, queued_at, started_at, finished_at, updated_at, deleted, position, model, provider, fallback_models
    FROM read.generations_v1 WHERE id = ANY(%(ids)s)
"""
# Requested in this batch: whole rows.
INSERT = "INSERT INTO read.generations_v1 SELECT * FROM json_populate_recordset(NULL::read.generations_v1, %(rows)s::json)"
# Requested before: only what may change.
UPDATE = """
    UPDATE read.generations_v1 g SET
        status = c.status, held = c.held, charged = c.charged, released = c.released, refunded = c.refunded, attempt = c.attempt,
        attempts = c.attempts, cancel_requested_at = c.cancel_requested_at, asset_ids = c.asset_ids, usage = c.usage,
        error = c.error, sealed_output = c.sealed_output, queued_at = c.queued_at, started_at = c.started_at,
        finished_at = c.finished_at, updated_at = c.updated_at, deleted = c.deleted, position = c.position,
        model = c.model, provider = c.provider, fallback_models = c.fallback_models
    FROM json_populate_recordset(NULL::read.generations_v1, %(rows)s::json) c WHERE g.id = c.id
"""

#: Fields of GenerationRequested that the row takes as they are.
_REQUESTED = (
    *("model", "provider", "fallback_models"),
    *(
        name
        for name in GenerationRow.__struct_fields__
        if name not in GenerationState.__struct_fields__ and name not in ("created_at", "created_position")
    ),
)


class Present:
    """The rows that a batch touches, by id: those requested in it, and those from before."""

    def __init__(self, before: Sequence[GenerationState]) -> None:
        self.rows: dict[UUID, GenerationState] = {row.id: row for row in before}
        self.before = before


async def load(place: Place, events_: Sequence[Event]) -> Present:
    requested = {event.stream for event in events_ if event.topic == events.GenerationRequested.TOPIC}
    before = {event.stream for event in events_} - requested
    return Present(await place.fetch(LOAD, {"ids": list(before)}, GenerationState) if before else [])


def writes(present: Present) -> Sequence[Write]:
    requested = [row for row in present.rows.values() if type(row) is GenerationRow]
    return Write(INSERT, requested), Write(UPDATE, present.before)


def _requested(present: Present, event: Event) -> None:
    fact = event.fact
    at = fact.timestamp
    present.rows[event.stream] = GenerationRow(
        id=event.stream,
        status="scheduled" if fact.run_at else "queued",
        held=fact.quoted,
        queued_at=None if fact.run_at else at,
        created_at=at,
        updated_at=at,
        position=event.position,
        created_position=event.position,
        **{name: getattr(fact, name) for name in _REQUESTED},
    )


def _touched(present: Present, event: Event) -> GenerationState:
    row = present.rows[event.stream]
    row.updated_at = event.fact.timestamp
    row.position = event.position
    return row


def _queued(present: Present, event: Event) -> None:
    row = _touched(present, event)
    row.status = "queued"
    row.queued_at = event.fact.timestamp


def _started(present: Present, event: Event) -> None:
    row = _touched(present, event)
    # Taking over from a lost worker burns no attempt.
    row.attempts = max(1, row.attempts + (row.status != "running"))
    row.attempt = event.fact.attempt
    row.status = "running"
    row.started_at = row.started_at or event.fact.timestamp


def _submitted(present: Present, event: Event) -> None:
    _touched(present, event)


def _retrying(present: Present, event: Event) -> None:
    row = _touched(present, event)
    row.status = "queued"
    row.attempts -= event.fact.code in UNBURNED
    if event.fact.model is not None:
        row.model, row.provider, row.attempts = event.fact.model, event.fact.provider, 0
        later = row.fallback_models
        row.fallback_models = later[later.index(row.model) + 1 :] if row.model in later else []


def _cancel_requested(present: Present, event: Event) -> None:
    _touched(present, event).cancel_requested_at = event.fact.timestamp


def _end(present: Present, event: Event, status: str) -> GenerationState:
    row = _touched(present, event)
    row.status = status
    row.held = 0
    row.charged = event.fact.charged
    row.released = event.fact.released
    row.finished_at = event.fact.timestamp
    row.usage = event.fact.usage or {}
    row.sealed_output = event.fact.sealed_output
    return row


def _succeeded(present: Present, event: Event) -> None:
    _end(present, event, "succeeded").asset_ids = event.fact.asset_ids


def _failed(present: Present, event: Event) -> None:
    fact: Any = event.fact
    _end(present, event, "failed").error = {"code": fact.code, "message": fact.message, "retryable": fact.retryable}


def _canceled(present: Present, event: Event) -> None:
    _end(present, event, "canceled")


def _charge_refunded(present: Present, event: Event) -> None:
    _touched(present, event).refunded += event.fact.amount


def _repeated(present: Present, event: Event) -> None:
    _touched(present, event)


def _deleted(present: Present, event: Event) -> None:
    _touched(present, event).deleted = True


MODEL = read_model(
    name="generations",
    version=1,
    ddl=DDL,
    facts={
        events.ChargeRefunded: _charge_refunded,
        events.GenerationCancelRequested: _cancel_requested,
        events.GenerationCanceled: _canceled,
        events.GenerationDeleted: _deleted,
        events.GenerationFailed: _failed,
        events.GenerationQueued: _queued,
        events.GenerationRepeated: _repeated,
        events.GenerationRequested: _requested,
        events.GenerationRetrying: _retrying,
        events.GenerationStarted: _started,
        events.GenerationSubmitted: _submitted,
        events.GenerationSubmitting: _submitted,
        events.GenerationSucceeded: _succeeded,
    },
    load=load,
    writes=writes,
)
