"""Usage by day, kind and model, and the statistics of an account.

A day is UTC. A request counts for the model that was asked for; an end, on the day it happened, for the model that had it then.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.generations import events
from projections.kernel.facts import Event
from projections.kernel.model import Place, Write, read_model
from projections.kernel.reader import Reader
from projections.usage.queries import StatisticsRow, UsageRow, statistics_of, usage_of

__all__ = ["MODEL", "StatisticsRow", "UsageRow", "statistics_of", "usage_of"]

DDL = """
CREATE TABLE read.usage_daily_v2 (
    account_id uuid   NOT NULL,
    day        date   NOT NULL,
    kind       text   NOT NULL,
    model      text   NOT NULL,
    requested  bigint NOT NULL,
    succeeded  bigint NOT NULL,
    failed     bigint NOT NULL,
    canceled   bigint NOT NULL,
    spent      bigint NOT NULL,
    refunded   bigint NOT NULL,
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (account_id, day, kind, model)
) WITH (fillfactor = 50);
CREATE INDEX ON read.usage_daily_v2 (day);
"""
# Counts are added to what stands.
ADD = """
    INSERT INTO read.usage_daily_v2 AS u SELECT * FROM json_populate_recordset(NULL::read.usage_daily_v2, %(rows)s::json)
    ON CONFLICT (account_id, day, kind, model) DO UPDATE SET
        requested = u.requested + excluded.requested, succeeded = u.succeeded + excluded.succeeded,
        failed = u.failed + excluded.failed, canceled = u.canceled + excluded.canceled, spent = u.spent + excluded.spent,
        refunded = u.refunded + excluded.refunded, first_at = least(u.first_at, excluded.first_at),
        last_at = greatest(u.last_at, excluded.last_at)
"""


class Counts(msgspec.Struct, kw_only=True):
    """What a batch adds to a day. `first_at`, `last_at`: the first and the last fact of the day."""

    account_id: UUID
    day: date
    kind: str
    model: str
    requested: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    spent: int = 0
    refunded: int = 0
    first_at: datetime
    last_at: datetime


class Present:
    """Counts by (account, day, kind, model), what each generation of the batch was asked for, and which model it fell back to."""

    def __init__(self, requests: dict[UUID, Any], fallbacks: dict[UUID, str]) -> None:
        self.requests = requests
        self.fallbacks = fallbacks
        self.counts: dict[tuple[UUID, date, str, str], Counts] = {}

    def of(self, event: Event) -> Counts:
        request = self.requests[event.stream]
        at = event.fact.timestamp
        model = self.fallbacks.get(event.stream, request.model)
        key = (request.account_id, at.astimezone(UTC).date(), request.kind, model)
        counts = self.counts.get(key)
        if counts is None:
            account_id, day, kind, model = key
            counts = Counts(account_id=account_id, day=day, kind=kind, model=model, first_at=at, last_at=at)
            self.counts[key] = counts
        counts.first_at = min(counts.first_at, at)
        counts.last_at = max(counts.last_at, at)
        return counts


async def load(place: Place, events_: Sequence[Event]) -> Present:
    """An end does not repeat kind and model: they are in the request, or in the fact that fell back, which stand in the log for ever."""
    requests = {event.stream: event.fact for event in events_ if event.topic == events.GenerationRequested.TOPIC}
    before = {event.stream for event in events_} - requests.keys()
    if before:
        for event in await Reader().first_facts(place.conn, list(before)):
            requests[event.stream] = event.fact
    movable = [stream for stream in before if requests[stream].fallback_models]
    if not movable:
        return Present(requests, {})
    retries = await Reader().facts_before(place.conn, movable, topic=events.GenerationRetrying.TOPIC, before=events_[0].position)
    return Present(requests, {event.stream: event.fact.model for event in retries if event.fact.model is not None})


def writes(present: Present) -> Sequence[Write]:
    return (Write(ADD, list(present.counts.values())),)


def _requested(present: Present, event: Event) -> None:
    present.of(event).requested += 1


def _retrying(present: Present, event: Event) -> None:
    if event.fact.model is not None:
        present.fallbacks[event.stream] = event.fact.model


def _succeeded(present: Present, event: Event) -> None:
    counts = present.of(event)
    counts.succeeded += 1
    counts.spent += event.fact.charged


def _failed(present: Present, event: Event) -> None:
    counts = present.of(event)
    counts.failed += 1
    counts.spent += event.fact.charged


def _canceled(present: Present, event: Event) -> None:
    counts = present.of(event)
    counts.canceled += 1
    counts.spent += event.fact.charged


def _refunded(present: Present, event: Event) -> None:
    present.of(event).refunded += event.fact.amount


MODEL = read_model(
    name="usage_daily",
    version=2,
    ddl=DDL,
    facts={
        events.ChargeRefunded: _refunded,
        events.GenerationCanceled: _canceled,
        events.GenerationFailed: _failed,
        events.GenerationRequested: _requested,
        events.GenerationRetrying: _retrying,
        events.GenerationSucceeded: _succeeded,
    },
    load=load,
    writes=writes,
)
