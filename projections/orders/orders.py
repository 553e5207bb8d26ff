"""Orders of packages. Money is in minor units; `sealed_urls` and `sealed_url` are ciphertext."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.orders import events
from domain.orders.order import Order
from domain.payments.shares import standing
from projections.kernel.facts import Event
from projections.kernel.whole_rows import touched, whole_rows
from projections.payments.bought import BoughtRow, BoughtTable

DDL = """
CREATE TABLE read.orders_v1 (
    id                  uuid        PRIMARY KEY,
    account_id          uuid        NOT NULL,
    package             text        NOT NULL,
    status              text        NOT NULL,
    credits             bigint      NOT NULL,
    amount              bigint      NOT NULL,
    currency            text        NOT NULL,
    price_version       integer     NOT NULL,
    provider            text        NOT NULL,
    livemode            boolean     NOT NULL,
    sealed_urls         text        NOT NULL,
    sealed_url          text,
    reference           text,
    checkout_expires_at timestamptz,
    paid_at             timestamptz,
    expires_at          timestamptz,
    reversals           jsonb       NOT NULL,
    reversed_amount     bigint      NOT NULL,
    reversed_credits    bigint      NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    position            bigint      NOT NULL,
    created_position    bigint      NOT NULL
);
-- Lists of an account; and what the scheduler cancels because nobody paid in time.
CREATE INDEX ON read.orders_v1 (account_id, created_position);
CREATE INDEX ON read.orders_v1 (coalesce(checkout_expires_at, created_at)) WHERE status = 'pending';
"""
# Orders change rarely: whole rows, new or not.
UPSERT = """
    INSERT INTO read.orders_v1 SELECT * FROM json_populate_recordset(NULL::read.orders_v1, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE SET
        status = excluded.status, sealed_url = excluded.sealed_url, reference = excluded.reference,
        checkout_expires_at = excluded.checkout_expires_at, paid_at = excluded.paid_at, expires_at = excluded.expires_at,
        reversals = excluded.reversals, reversed_amount = excluded.reversed_amount, reversed_credits = excluded.reversed_credits,
        updated_at = excluded.updated_at, position = excluded.position
"""


class OrderRow(BoughtRow, kw_only=True):
    """`expires_at`: of the credits. `reversals`: id -> {kind, total, undone}."""

    package: str
    paid_at: datetime | None = None
    expires_at: datetime | None = None
    reversals: dict[str, Any] = {}
    reversed_amount: int = 0
    reversed_credits: int = 0


TABLE = BoughtTable("orders_v1", OrderRow, what="package")
overdue_orders, page_of_orders = TABLE.overdue, TABLE.page


def row_of(order: Order) -> OrderRow:
    """The same row from the folded stream."""
    granted = sum(grant["granted"] - grant["revoked"] for grant in order.grants)
    return TABLE.folded(
        order,
        paid_at=order.paid_at,
        expires_at=order.expires_at,
        reversals=order.reversals,
        reversed_amount=order.reversed_amount,
        reversed_credits=order.credits - granted if order.grants else 0,
    )


def _checkout_opened(present: dict[UUID, OrderRow], event: Event) -> None:
    row, fact = touched(present, event), event.fact
    row.reference, row.sealed_url, row.checkout_expires_at = fact.reference, fact.sealed_url, fact.expires_at


def _paid(present: dict[UUID, OrderRow], event: Event) -> None:
    row, fact = touched(present, event), event.fact
    row.paid_at, row.expires_at, row.reversed_credits = fact.timestamp, fact.expires_at, fact.revoked
    _count(row)


def _canceled(present: dict[UUID, OrderRow], event: Event) -> None:
    touched(present, event).status = "canceled"


def _reversed(present: dict[UUID, OrderRow], event: Event) -> None:
    row, fact = touched(present, event), event.fact
    row.reversals[fact.reversal] = {"kind": fact.kind, "total": fact.total, "undone": False}
    row.reversed_credits += sum(part.amount for part in fact.taken)
    _count(row)


def _undone(present: dict[UUID, OrderRow], event: Event) -> None:
    row, fact = touched(present, event), event.fact
    row.reversals[fact.reversal] = {**row.reversals.get(fact.reversal, {"kind": "", "total": 0}), "undone": True}
    row.reversed_credits -= fact.credits
    _count(row)


def _count(row: OrderRow) -> None:
    row.reversed_amount = standing(row.amount, row.reversals)
    if row.paid_at is not None:
        row.status = "refunded" if row.reversed_amount == row.amount else "paid"


MODEL = whole_rows(
    name="orders",
    version=1,
    ddl=DDL,
    kind=OrderRow,
    upsert=UPSERT,
    first=events.OrderPlaced,
    facts={
        events.OrderCanceled: _canceled,
        events.OrderCheckoutOpened: _checkout_opened,
        events.OrderPaid: _paid,
        events.OrderPlaced: TABLE.begun,
        events.OrderReversalUndone: _undone,
        events.OrderReversed: _reversed,
    },
)
