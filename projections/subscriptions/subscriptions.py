"""Subscriptions. Money is in minor units; `sealed_urls` and `sealed_url` are ciphertext."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.subscriptions import events
from domain.subscriptions.subscription import NEVER_PAID, Subscription
from projections.kernel.facts import Event
from projections.kernel.model import Place, ReadModel, Write, branches
from projections.kernel.pages import page

DDL = """
CREATE TABLE read.subscriptions_v1 (
    id                   uuid        PRIMARY KEY,
    account_id           uuid        NOT NULL,
    plan                 text        NOT NULL,
    status               text        NOT NULL,
    credits              bigint      NOT NULL,
    amount               bigint      NOT NULL,
    currency             text        NOT NULL,
    price_version        integer     NOT NULL,
    provider             text        NOT NULL,
    livemode             boolean     NOT NULL,
    sealed_urls          text        NOT NULL,
    sealed_url           text,
    checkout_expires_at  timestamptz,
    reference            text,
    periods              integer     NOT NULL,
    period_start         timestamptz,
    period_end           timestamptz,
    cancel_at_period_end boolean     NOT NULL,
    cancel_requested_at  timestamptz,
    ended                text,
    ended_at             timestamptz,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    position             bigint      NOT NULL,
    created_position     bigint      NOT NULL
);
-- Lists of an account; what the test till renews; and what the scheduler ends because nobody paid in time.
CREATE INDEX ON read.subscriptions_v1 (account_id, created_position);
CREATE INDEX ON read.subscriptions_v1 (provider, period_end) WHERE status IN ('active', 'past_due');
CREATE INDEX ON read.subscriptions_v1 (coalesce(checkout_expires_at, created_at)) WHERE status = 'pending';
"""
# Rows that this batch changes and that were there before.
LOAD = "SELECT * FROM read.subscriptions_v1 WHERE id = ANY(%(ids)s)"
# Subscriptions change rarely: whole rows, new or not.
UPSERT = """
    INSERT INTO read.subscriptions_v1 SELECT * FROM json_populate_recordset(NULL::read.subscriptions_v1, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE SET
        status = excluded.status, sealed_url = excluded.sealed_url, checkout_expires_at = excluded.checkout_expires_at,
        reference = excluded.reference, periods = excluded.periods, period_start = excluded.period_start,
        period_end = excluded.period_end, cancel_at_period_end = excluded.cancel_at_period_end,
        cancel_requested_at = excluded.cancel_requested_at, ended = excluded.ended, ended_at = excluded.ended_at,
        updated_at = excluded.updated_at, position = excluded.position
"""
# One subscription, by its key.
ONE = "SELECT * FROM read.subscriptions_v1 WHERE id = %(id)s AND account_id = %(account_id)s"
# The last one that an account had begun by a position of the log.
LATEST = """
    SELECT * FROM read.subscriptions_v1 WHERE account_id = %(account_id)s AND created_position <= %(until)s
    ORDER BY created_position DESC LIMIT 1
"""
# Those whose period is over, of a payment adapter that renews nothing by itself.
DUE = """
    SELECT * FROM read.subscriptions_v1
    WHERE provider = %(provider)s AND status IN ('active', 'past_due') AND period_end <= %(now)s ORDER BY period_end LIMIT %(limit)s
"""
# Pending ones whose page has closed, or that never got one, in the order of the index.
OVERDUE = """
    SELECT * FROM read.subscriptions_v1
    WHERE status = 'pending' AND coalesce(checkout_expires_at, created_at) <= %(before)s
    ORDER BY coalesce(checkout_expires_at, created_at) LIMIT %(limit)s
"""
# Newest first, by the position of the request.
_PAGE = """
    SELECT * FROM read.subscriptions_v1
    WHERE created_position {beyond} %(after_position)s
      AND account_id = %(account_id)s
      AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""
PAGES = {"asc": _PAGE.format(beyond=">", direction="ASC"), "desc": _PAGE.format(beyond="<", direction="DESC")}


class SubscriptionRow(msgspec.Struct, kw_only=True):
    """`periods`: how many were paid. `created_position` is 0 when folded from a stream."""

    id: UUID
    account_id: UUID
    plan: str
    status: str
    credits: int
    amount: int
    currency: str
    price_version: int
    provider: str
    livemode: bool
    sealed_urls: str
    sealed_url: str | None = None
    checkout_expires_at: datetime | None = None
    reference: str | None = None
    periods: int = 0
    period_start: datetime | None = None
    period_end: datetime | None = None
    cancel_at_period_end: bool = False
    cancel_requested_at: datetime | None = None
    ended: str | None = None
    ended_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    position: int
    created_position: int


#: Fields that the fact, the aggregate and the row call the same.
_SAME = ("account_id", "plan", "credits", "amount", "currency", "price_version", "provider", "livemode", "sealed_urls")
_FOLDED = (
    "status", "sealed_url", "checkout_expires_at", "reference", "period_start", "period_end",
    "cancel_at_period_end", "cancel_requested_at", "ended", "ended_at",
)  # fmt: skip


async def subscription_of(conn: AsyncConnection[Any], account_id: UUID, subscription_id: UUID) -> SubscriptionRow | None:
    """The subscription, if it belongs to *account_id*."""
    found = await Place(conn).fetch(ONE, {"id": subscription_id, "account_id": account_id}, SubscriptionRow)
    return found[0] if found else None


async def latest_subscription_of(conn: AsyncConnection[Any], account_id: UUID, *, until: int) -> SubscriptionRow | None:
    """The one the account had asked for last by log position *until*, whatever became of it."""
    found = await Place(conn).fetch(LATEST, {"account_id": account_id, "until": until}, SubscriptionRow)
    return found[0] if found else None


async def due_subscriptions(conn: AsyncConnection[Any], *, provider: str, now: datetime, limit: int) -> list[SubscriptionRow]:
    """Those whose period is over."""
    return await Place(conn).fetch(DUE, {"provider": provider, "now": now, "limit": limit}, SubscriptionRow)


async def overdue_subscriptions(conn: AsyncConnection[Any], *, before: datetime, limit: int) -> list[SubscriptionRow]:
    """Pending ones whose page closed before *before*, or that were asked for before it and never got one."""
    return await Place(conn).fetch(OVERDUE, {"before": before, "limit": limit}, SubscriptionRow)


async def page_of_subscriptions(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID,
    statuses: Sequence[str] = (),
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[SubscriptionRow]:
    """An account's subscriptions, by creation. `after_position` is the `created_position` of the last row seen."""
    filters = {"account_id": account_id, "statuses": statuses, "created_from": created_from, "created_to": created_to}
    return await page(conn, PAGES, filters, SubscriptionRow, order=order, limit=limit, after_position=after_position)


def row_of(subscription: Subscription) -> SubscriptionRow:
    """The same row from the folded stream."""
    return SubscriptionRow(
        **{name: getattr(subscription, name) for name in (*_SAME, *_FOLDED)},
        id=subscription.id,
        periods=len(subscription.periods),
        created_at=subscription.created_on,
        updated_at=subscription.modified_on,
        position=subscription.position,
        created_position=0,
    )


async def load(place: Place, events_: Sequence[Event]) -> dict[UUID, SubscriptionRow]:
    requested = {event.stream for event in events_ if event.topic == events.SubscriptionRequested.TOPIC}
    before = {event.stream for event in events_} - requested
    rows = await place.fetch(LOAD, {"ids": list(before)}, SubscriptionRow) if before else []
    return {row.id: row for row in rows}


def fold(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    BRANCHES[event.topic](present, event)


def writes(present: dict[UUID, SubscriptionRow]) -> Sequence[Write]:
    return (Write(UPSERT, list(present.values())),)


def _requested(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    fact = event.fact
    present[event.stream] = SubscriptionRow(
        **{name: getattr(fact, name) for name in _SAME},
        id=event.stream,
        status="pending",
        created_at=fact.timestamp,
        updated_at=fact.timestamp,
        position=event.position,
        created_position=event.position,
    )


def _touched(present: dict[UUID, SubscriptionRow], event: Event) -> SubscriptionRow:
    row = present[event.stream]
    row.updated_at = event.fact.timestamp
    row.position = event.position
    return row


def _checkout_opened(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row, fact = _touched(present, event), event.fact
    row.sealed_url, row.checkout_expires_at = fact.sealed_url, fact.expires_at


def _period_paid(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row, fact = _touched(present, event), event.fact
    row.periods += 1
    row.reference = fact.reference
    if row.ended in NEVER_PAID:
        row.ended = row.ended_at = None
    newest = row.period_end is None or fact.period_end > row.period_end
    if newest:
        row.period_start, row.period_end = fact.period_start, fact.period_end
    if row.ended is None and (newest or row.status != "past_due"):
        row.status = "active"


def _period_unpaid(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    _touched(present, event).status = "past_due"


def _cancel_requested(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row = _touched(present, event)
    row.cancel_at_period_end, row.cancel_requested_at = True, event.fact.timestamp


def _changed(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row, fact = _touched(present, event), event.fact
    row.reference = fact.reference
    if row.periods:
        row.status = "past_due" if fact.status == "past_due" else "active"
    # What its owner asked for later than this word was said stays.
    if fact.cancel_at_period_end or row.cancel_requested_at is None or fact.at > row.cancel_requested_at:
        row.cancel_at_period_end = fact.cancel_at_period_end


def _ended(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row = _touched(present, event)
    row.status, row.ended, row.ended_at = "canceled", event.fact.cause, event.fact.timestamp


BRANCHES = branches(
    {
        events.PeriodPaid: _period_paid,
        # What a period lost or got back is in the account's ledger; here only the subscription has moved.
        events.PeriodReversalUndone: _touched,
        events.PeriodReversed: _touched,
        events.PeriodUnpaid: _period_unpaid,
        events.SubscriptionCancelRequested: _cancel_requested,
        events.SubscriptionChanged: _changed,
        events.SubscriptionCheckoutOpened: _checkout_opened,
        events.SubscriptionEnded: _ended,
        events.SubscriptionRequested: _requested,
    }
)
MODEL = ReadModel(
    name="subscriptions",
    version=1,
    tables=("subscriptions_v1",),
    ddl=DDL,
    topics=frozenset(BRANCHES),
    load=load,
    fold=fold,
    writes=writes,
)
