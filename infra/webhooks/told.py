"""From a batch of the log to what is to be told of it: pure, in the log's order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.accounts.events import AccountErasureRequested
from domain.generations.events import GenerationRequested
from domain.kernel.limits import WEBHOOK_ORDER_SECONDS
from domain.telling.names import FINAL, PUBLIC, QUEUED, SCHEDULED
from domain.webhooks import events as webhooks
from domain.webhooks.ids import delivery_id, event_id, target_of_url, told_as
from domain.webhooks.ports import TEST_EVENT
from projections.kernel.facts import Event

PUT = """
    INSERT INTO webhooks.subscribers (endpoint_id, account_id, events, told)
    VALUES (%(endpoint_id)s, %(account_id)s, %(events)s, %(told)s)
    ON CONFLICT (endpoint_id) DO UPDATE SET events = excluded.events, told = excluded.told
"""
# Nothing more is tried there.
GIVE_UP = """
    UPDATE webhooks.deliveries SET state = 'failed', error = 'endpoint_disabled', finished_at = now()
    WHERE state = 'pending' AND endpoint_id = %(endpoint_id)s
"""
WORKS = "DELETE FROM webhooks.failing WHERE target_id = %(endpoint_id)s"
DELETE = "DELETE FROM webhooks.subscribers WHERE endpoint_id = %(endpoint_id)s"
DELETE_DELIVERIES = "DELETE FROM webhooks.deliveries WHERE endpoint_id = %(endpoint_id)s"
# From the beginning of the schedule. What is being tried just now is left alone.
REDELIVER = """
    UPDATE webhooks.deliveries SET
        state = 'pending', due_at = now(), waiting = false, tries = 0, error = NULL, finished_at = NULL, first_tried_at = NULL
    WHERE id = %(delivery_id)s AND endpoint_id = %(endpoint_id)s AND (lease_until IS NULL OR lease_until <= now())
"""
OPEN = """
    INSERT INTO webhooks.generations (generation_id, account_id, target_id)
    VALUES (%(generation_id)s, %(account_id)s, %(target_id)s) ON CONFLICT DO NOTHING
"""
CLOSE = "DELETE FROM webhooks.generations WHERE generation_id = %(generation_id)s"
# Of a person who is to be forgotten.
FORGET = (
    "DELETE FROM webhooks.subscribers WHERE account_id = %(account_id)s",
    "DELETE FROM webhooks.generations WHERE account_id = %(account_id)s",
    "DELETE FROM webhooks.deliveries WHERE account_id = %(account_id)s",
)


class Subscriber(NamedTuple):
    endpoint_id: UUID
    account_id: UUID
    events: list[str]
    told: bool


class Target(NamedTuple):
    """A generation's own URL."""

    generation_id: UUID
    account_id: UUID
    target_id: UUID


class Change(NamedTuple):
    """A statement that keeps what the outbox remembers."""

    sql: str
    values: Mapping[str, Any]


class Due(msgspec.Struct, kw_only=True):
    """A row of what is to be told."""

    id: UUID
    account_id: UUID
    endpoint_id: UUID | None
    target_id: UUID
    event_id: str
    type: str
    position: int
    generation_id: UUID | None
    waiting: bool = False
    wait_seconds: float = 0.0

    def wait(self) -> None:
        """For the one before it."""
        self.waiting, self.wait_seconds = True, WEBHOOK_ORDER_SECONDS


class Batch(NamedTuple):
    """As of the event before the next; `told_of` moves it on."""

    subscribers: dict[UUID, Subscriber]
    targets: dict[UUID, Target]


def accounts_of(events: Iterable[Event]) -> set[UUID]:
    """Whose endpoints the batch may be about."""
    return {event.account_id for event in events if event.account_id and (event.topic in PUBLIC or event.topic in _CHANGES)}


def told_of(batch: Batch, events: Iterable[Event], *, is_news: Callable[[Event], bool]) -> tuple[list[Change], list[Due]]:
    """What to remember, and what to tell; both in order. What is no news changes what is remembered only."""
    changes: list[Change] = []
    due: list[Due] = []
    for event in events:
        change = _CHANGES.get(event.topic)
        if change is not None:
            changes += change(batch, event)
        if is_news(event):
            due += _due(batch, event)
        if event.stream in batch.targets and FINAL.intersection(PUBLIC.get(event.topic, ())):
            del batch.targets[event.stream]
            changes.append(Change(CLOSE, {"generation_id": event.stream}))
    return changes, due


def _due(batch: Batch, event: Event) -> Iterable[Due]:
    if event.topic == webhooks.EndpointTested.TOPIC:
        endpoint_id, of_test = event.fact.endpoint_id, event.fact.delivery_id
        yield _row(event, TEST_EVENT, endpoint_id, endpoint_id, told_as(of_test), of_test)
        return
    for name in _names(event):
        event_named = event_id(stream=event.stream, version=event.version, recorded_at=event.recorded_at, name=name)
        for subscriber in batch.subscribers.values():
            if subscriber.told and subscriber.account_id == event.account_id and name in subscriber.events:
                yield _row(event, name, subscriber.endpoint_id, subscriber.endpoint_id, event_named)
        if event.stream in batch.targets:
            yield _row(event, name, None, batch.targets[event.stream].target_id, event_named)


def _names(event: Event) -> Sequence[str]:
    """The names it may be told under. Which of a balance's are true is seen when they are rendered."""
    if event.topic == GenerationRequested.TOPIC:
        return (QUEUED,) if event.fact.run_at is None else (SCHEDULED,)
    return PUBLIC.get(event.topic, ())


def _row(event: Event, name: str, endpoint_id: UUID | None, target_id: UUID, event_named: str, id: UUID | None = None) -> Due:
    assert event.account_id is not None, "what is told belongs to an account"
    return Due(
        id=id or delivery_id(target_id, event_named),
        account_id=event.account_id,
        endpoint_id=endpoint_id,
        target_id=target_id,
        event_id=event_named,
        type=name,
        position=event.position,
        generation_id=event.stream if name.startswith("generation.") else None,
    )


def _known(batch: Batch, event: Event) -> Subscriber:
    """The endpoint as it was; after the table was lost, one that is told nothing yet."""
    assert event.account_id is not None, "an endpoint belongs to an account"
    return batch.subscribers.get(event.fact.endpoint_id) or Subscriber(event.fact.endpoint_id, event.account_id, [], True)


def _put(batch: Batch, subscriber: Subscriber) -> list[Change]:
    batch.subscribers[subscriber.endpoint_id] = subscriber
    return [Change(PUT, subscriber._asdict())]


def _set(batch: Batch, event: Event) -> list[Change]:
    return _put(batch, _known(batch, event)._replace(events=event.fact.events))


def _enabled(batch: Batch, event: Event) -> list[Change]:
    return _put(batch, _known(batch, event)._replace(told=True))


def _disabled(batch: Batch, event: Event) -> list[Change]:
    subscriber = _known(batch, event)._replace(told=False)
    values = {"endpoint_id": subscriber.endpoint_id}
    return [*_put(batch, subscriber), Change(GIVE_UP, values), Change(WORKS, values)]


def _deleted(batch: Batch, event: Event) -> list[Change]:
    batch.subscribers.pop(event.fact.endpoint_id, None)
    values = {"endpoint_id": event.fact.endpoint_id}
    return [Change(DELETE, values), Change(DELETE_DELIVERIES, values), Change(WORKS, values)]


def _redelivered(batch: Batch, event: Event) -> list[Change]:
    return [Change(REDELIVER, {"delivery_id": event.fact.delivery_id, "endpoint_id": event.fact.endpoint_id})]


def _requested(batch: Batch, event: Event) -> list[Change]:
    index = event.fact.webhook
    if index is None or event.account_id is None:
        return []
    target = Target(event.stream, event.account_id, target_of_url(event.account_id, index))
    batch.targets[event.stream] = target
    return [Change(OPEN, target._asdict())]


def _forgotten(batch: Batch, event: Event) -> list[Change]:
    for endpoint_id in [each.endpoint_id for each in batch.subscribers.values() if each.account_id == event.stream]:
        del batch.subscribers[endpoint_id]
    for generation_id in [each.generation_id for each in batch.targets.values() if each.account_id == event.stream]:
        del batch.targets[generation_id]
    return [Change(sql, {"account_id": event.stream}) for sql in FORGET]


_CHANGES: Mapping[str, Callable[[Batch, Event], list[Change]]] = {
    AccountErasureRequested.TOPIC: _forgotten,
    GenerationRequested.TOPIC: _requested,
    webhooks.EndpointAdded.TOPIC: _set,
    webhooks.EndpointChanged.TOPIC: _set,
    webhooks.EndpointDeleted.TOPIC: _deleted,
    webhooks.EndpointDisabled.TOPIC: _disabled,
    webhooks.EndpointEnabled.TOPIC: _enabled,
    webhooks.RedeliveryRequested.TOPIC: _redelivered,
}
