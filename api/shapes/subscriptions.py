"""Plans and subscriptions. Money is in the currency's minor unit."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Shown, moment
from api.shapes.purchases import Method, Price, Url, bought_fields, was_shown
from domain.payments.price_book import Plan as Offer
from domain.ports import SubjectKey
from projections.subscriptions.subscriptions import SubscriptionRow

Status = Literal["active", "canceled", "past_due", "pending"]


class Plan(Shown):
    """`credits` each month, which last until its end."""

    id: str
    title: str
    credits: Count
    price: Price
    interval: Literal["month"]


class Plans(Shown):
    """The whole price list is one page."""

    data: list[Plan]
    next_cursor: None


class NewSubscription(Body):
    """As a purchase. An account has one subscription at a time."""

    plan: Annotated[str, Meta(min_length=1, max_length=64)]
    method: Method | None = None
    success_url: Url | None = None
    cancel_url: Url | None = None


class Subscription(Shown):
    """pending until its first period is paid; past_due while the payment service tries again; canceled for good.

    `checkout_url` is null once it is paid, canceled or past `checkout_expires_at`. `periods_paid`: how many so far.
    """

    id: Id
    status: Status
    plan: str
    credits: Count
    price: Price
    method: Method
    checkout_url: str | None
    checkout_expires_at: Moment | None
    periods_paid: Count
    current_period_start: Moment | None
    current_period_end: Moment | None
    cancel_at_period_end: bool
    ended_at: Moment | None
    created_at: Moment
    updated_at: Moment
    position: Count


class RequestedSubscription(Subscription):
    """`secret_shown`: this is a replay, and its checkout URL has expired."""

    secret_shown: bool


class OwnSubscription(Shown):
    """An account's subscription in short."""

    id: Id
    plan: str
    status: Status
    current_period_end: Moment | None
    cancel_at_period_end: bool


class SubscriptionQuery(ListQuery):
    """By creation."""

    status: list[Status] = []


def shown_plan(offer: Offer, version: int) -> Plan:
    price = Price(amount=offer.amount, currency=offer.currency, price_version=version)
    return Plan(id=offer.id, title=offer.title, credits=offer.credits, price=price, interval="month")


def shown_subscription(key: SubjectKey, row: SubscriptionRow, now: datetime) -> Subscription:
    return Subscription(**_fields(key, row, now))


def requested_subscription(key: SubjectKey, row: SubscriptionRow, now: datetime, *, replayed: bool) -> RequestedSubscription:
    fields = _fields(key, row, now)
    return RequestedSubscription(**fields, secret_shown=was_shown(row, fields, replayed))


def _fields(key: SubjectKey, row: SubscriptionRow, now: datetime) -> dict[str, Any]:
    return {
        **bought_fields(key, row, now),
        "plan": row.plan,
        "periods_paid": row.periods,
        "current_period_start": moment(row.period_start),
        "current_period_end": moment(row.period_end),
        "cancel_at_period_end": row.cancel_at_period_end,
        "ended_at": moment(row.ended_at),
    }
