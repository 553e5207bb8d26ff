"""Subscriptions. Money is in minor units; `sealed_urls` and `sealed_url` are ciphertext."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.subscriptions import events
from domain.subscriptions.subscription import NEVER_PAID, Subscription
from projections.kernel.facts import Event
from projections.kernel.model import Place
from projections.kernel.whole_rows import touched, whole_rows
from projections.payments.bought import BoughtRow, BoughtTable

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
# Those whose period is over, of a payment adapter that renews nothing by itself.
DUE = """
    SELECT * FROM read.subscriptions_v1
    WHERE provider = %(provider)s AND status IN ('active', 'past_due') AND period_end <= %(now)s ORDER BY period_end LIMIT %(limit)s
"""


class SubscriptionRow(BoughtRow, kw_only=True):
    """`periods`: how many were paid."""

    plan: str
    periods: int = 0
    period_start: datetime | None = None
    period_end: datetime | None = None
    cancel_at_period_end: bool = False
    cancel_requested_at: datetime | None = None
    ended: str | None = None
    ended_at: datetime | None = None


TABLE = BoughtTable("subscriptions_v1", SubscriptionRow, what="plan")
subscription_of, overdue_subscriptions, page_of_subscriptions = TABLE.one, TABLE.overdue, TABLE.page


async def due_subscriptions(conn: AsyncConnection[Any], *, provider: str, now: datetime, limit: int) -> list[SubscriptionRow]:
    """Those whose period is over."""
    return await Place(conn).fetch(DUE, {"provider": provider, "now": now, "limit": limit}, SubscriptionRow)


def row_of(subscription: Subscription) -> SubscriptionRow:
    """The same row from the folded stream."""
    return TABLE.folded(
        subscription,
        periods=len(subscription.periods),
        period_start=subscription.period_start,
        period_end=subscription.period_end,
        cancel_at_period_end=subscription.cancel_at_period_end,
        cancel_requested_at=subscription.cancel_requested_at,
        ended=subscription.ended,
        ended_at=subscription.ended_at,
    )


def _checkout_opened(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row, fact = touched(present, event), event.fact
    row.sealed_url, row.checkout_expires_at = fact.sealed_url, fact.expires_at


def _period_paid(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row, fact = touched(present, event), event.fact
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
    touched(present, event).status = "past_due"


def _cancel_requested(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row = touched(present, event)
    row.cancel_at_period_end, row.cancel_requested_at = True, event.fact.timestamp


def _changed(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row, fact = touched(present, event), event.fact
    row.reference = fact.reference
    if row.periods:
        row.status = "past_due" if fact.status == "past_due" else "active"
    # What its owner asked for later than this word was said stays.
    if fact.cancel_at_period_end or row.cancel_requested_at is None or fact.at > row.cancel_requested_at:
        row.cancel_at_period_end = fact.cancel_at_period_end


def _ended(present: dict[UUID, SubscriptionRow], event: Event) -> None:
    row = touched(present, event)
    row.status, row.ended, row.ended_at = "canceled", event.fact.cause, event.fact.timestamp


MODEL = whole_rows(
    name="subscriptions",
    version=1,
    ddl=DDL,
    kind=SubscriptionRow,
    upsert=UPSERT,
    first=events.SubscriptionRequested,
    facts={
        events.PeriodPaid: _period_paid,
        # What a period lost or got back is in the account's ledger; here only the subscription has moved.
        events.PeriodReversalUndone: touched,
        events.PeriodReversed: touched,
        events.PeriodUnpaid: _period_unpaid,
        events.SubscriptionCancelRequested: _cancel_requested,
        events.SubscriptionChanged: _changed,
        events.SubscriptionCheckoutOpened: _checkout_opened,
        events.SubscriptionEnded: _ended,
        events.SubscriptionRequested: TABLE.begun,
    },
)
