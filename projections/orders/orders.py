"""Orders of packages. Money is in minor units; `sealed_urls` and `sealed_url` are ciphertext."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.orders import events
from domain.orders.order import Order
from domain.payments.shares import standing
from projections.kernel.facts import Event
from projections.kernel.model import Place, ReadModel, Write, branches
from projections.kernel.pages import page

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
# Rows that this batch changes and that were there before.
LOAD = "SELECT * FROM read.orders_v1 WHERE id = ANY(%(ids)s)"
# Orders change rarely: whole rows, new or not.
UPSERT = """
    INSERT INTO read.orders_v1 SELECT * FROM json_populate_recordset(NULL::read.orders_v1, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE SET
        status = excluded.status, sealed_url = excluded.sealed_url, reference = excluded.reference,
        checkout_expires_at = excluded.checkout_expires_at, paid_at = excluded.paid_at, expires_at = excluded.expires_at,
        reversals = excluded.reversals, reversed_amount = excluded.reversed_amount, reversed_credits = excluded.reversed_credits,
        updated_at = excluded.updated_at, position = excluded.position
"""
# One order, by its key.
ONE = "SELECT * FROM read.orders_v1 WHERE id = %(id)s AND account_id = %(account_id)s"
# Pending ones whose page has closed, or that never got one, in the order of the index.
OVERDUE = """
    SELECT * FROM read.orders_v1
    WHERE status = 'pending' AND coalesce(checkout_expires_at, created_at) <= %(before)s
    ORDER BY coalesce(checkout_expires_at, created_at) LIMIT %(limit)s
"""
# Newest first, by the position of the order.
_PAGE = """
    SELECT * FROM read.orders_v1
    WHERE created_position {beyond} %(after_position)s
      AND account_id = %(account_id)s
      AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
    ORDER BY created_position {direction} LIMIT %(limit)s
"""
PAGES = {"asc": _PAGE.format(beyond=">", direction="ASC"), "desc": _PAGE.format(beyond="<", direction="DESC")}


class OrderRow(msgspec.Struct, kw_only=True):
    """`expires_at`: of the credits. `reversals`: id -> {kind, total, undone}. `created_position` is 0 when folded from a stream."""

    id: UUID
    account_id: UUID
    package: str
    status: str
    credits: int
    amount: int
    currency: str
    price_version: int
    provider: str
    livemode: bool
    sealed_urls: str
    sealed_url: str | None = None
    reference: str | None = None
    checkout_expires_at: datetime | None = None
    paid_at: datetime | None = None
    expires_at: datetime | None = None
    reversals: dict[str, Any] = {}
    reversed_amount: int = 0
    reversed_credits: int = 0
    created_at: datetime
    updated_at: datetime
    position: int
    created_position: int


#: Fields that the fact, the aggregate and the row call the same.
_SAME = ("account_id", "package", "credits", "amount", "currency", "price_version", "provider", "livemode", "sealed_urls")


async def order_of(conn: AsyncConnection[Any], account_id: UUID, order_id: UUID) -> OrderRow | None:
    """The order, if it belongs to *account_id*."""
    found = await Place(conn).fetch(ONE, {"id": order_id, "account_id": account_id}, OrderRow)
    return found[0] if found else None


async def overdue_orders(conn: AsyncConnection[Any], *, before: datetime, limit: int) -> list[OrderRow]:
    """Pending orders whose page closed before *before*, or that were placed before it and never got one."""
    return await Place(conn).fetch(OVERDUE, {"before": before, "limit": limit}, OrderRow)


async def page_of_orders(
    conn: AsyncConnection[Any],
    *,
    account_id: UUID,
    statuses: Sequence[str] = (),
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    order: str = "desc",
    limit: int = 20,
    after_position: int | None = None,
) -> list[OrderRow]:
    """An account's orders, by creation. `after_position` is the `created_position` of the last row seen."""
    filters = {"account_id": account_id, "statuses": statuses, "created_from": created_from, "created_to": created_to}
    return await page(conn, PAGES, filters, OrderRow, order=order, limit=limit, after_position=after_position)


def row_of(order: Order) -> OrderRow:
    """The same row from the folded stream."""
    granted = sum(grant["granted"] - grant["revoked"] for grant in order.grants)
    return OrderRow(
        **{name: getattr(order, name) for name in _SAME},
        id=order.id,
        status=order.status,
        sealed_url=order.sealed_url,
        reference=order.reference,
        checkout_expires_at=order.checkout_expires_at,
        paid_at=order.paid_at,
        expires_at=order.expires_at,
        reversals=order.reversals,
        reversed_amount=order.reversed_amount,
        reversed_credits=order.credits - granted if order.grants else 0,
        created_at=order.created_on,
        updated_at=order.modified_on,
        position=order.position,
        created_position=0,
    )


async def load(place: Place, events_: Sequence[Event]) -> dict[UUID, OrderRow]:
    placed = {event.stream for event in events_ if event.topic == events.OrderPlaced.TOPIC}
    before = {event.stream for event in events_} - placed
    rows = await place.fetch(LOAD, {"ids": list(before)}, OrderRow) if before else []
    return {row.id: row for row in rows}


def fold(present: dict[UUID, OrderRow], event: Event) -> None:
    BRANCHES[event.topic](present, event)


def writes(present: dict[UUID, OrderRow]) -> Sequence[Write]:
    return (Write(UPSERT, list(present.values())),)


def _placed(present: dict[UUID, OrderRow], event: Event) -> None:
    fact = event.fact
    present[event.stream] = OrderRow(
        **{name: getattr(fact, name) for name in _SAME},
        id=event.stream,
        status="pending",
        reversals={},
        created_at=fact.timestamp,
        updated_at=fact.timestamp,
        position=event.position,
        created_position=event.position,
    )


def _touched(present: dict[UUID, OrderRow], event: Event) -> OrderRow:
    row = present[event.stream]
    row.updated_at = event.fact.timestamp
    row.position = event.position
    return row


def _checkout_opened(present: dict[UUID, OrderRow], event: Event) -> None:
    row, fact = _touched(present, event), event.fact
    row.reference, row.sealed_url, row.checkout_expires_at = fact.reference, fact.sealed_url, fact.expires_at


def _paid(present: dict[UUID, OrderRow], event: Event) -> None:
    row, fact = _touched(present, event), event.fact
    row.paid_at, row.expires_at, row.reversed_credits = fact.timestamp, fact.expires_at, fact.revoked
    _count(row)


def _canceled(present: dict[UUID, OrderRow], event: Event) -> None:
    _touched(present, event).status = "canceled"


def _reversed(present: dict[UUID, OrderRow], event: Event) -> None:
    row, fact = _touched(present, event), event.fact
    row.reversals[fact.reversal] = {"kind": fact.kind, "total": fact.total, "undone": False}
    row.reversed_credits += sum(part.amount for part in fact.taken)
    _count(row)


def _undone(present: dict[UUID, OrderRow], event: Event) -> None:
    row, fact = _touched(present, event), event.fact
    row.reversals[fact.reversal] = {**row.reversals.get(fact.reversal, {"kind": "", "total": 0}), "undone": True}
    row.reversed_credits -= fact.credits
    _count(row)


def _count(row: OrderRow) -> None:
    row.reversed_amount = standing(row.amount, row.reversals)
    if row.paid_at is not None:
        row.status = "refunded" if row.reversed_amount == row.amount else "paid"


BRANCHES = branches(
    {
        events.OrderCanceled: _canceled,
        events.OrderCheckoutOpened: _checkout_opened,
        events.OrderPaid: _paid,
        events.OrderPlaced: _placed,
        events.OrderReversalUndone: _undone,
        events.OrderReversed: _reversed,
    }
)
MODEL = ReadModel(name="orders", version=1, tables=("orders_v1",), ddl=DDL, topics=frozenset(BRANCHES), load=load, fold=fold, writes=writes)
