"""Packages and purchases. Money is in the currency's minor unit."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Shown, moment
from domain.kernel.limits import URL_CHARS_MAX
from domain.payments.price_book import Package as Offer
from domain.ports import SubjectKey
from projections.orders.orders import OrderRow
from projections.payments.bought import BoughtRow

Status = Literal["canceled", "paid", "pending", "refunded"]
Url = Annotated[str, Meta(min_length=1, max_length=URL_CHARS_MAX)]
Method = Literal["stripe", "test"]


class Price(Shown):
    """`amount` in minor units (499 USD is $4.99)."""

    amount: Count
    currency: str
    price_version: Count


class Package(Shown):
    """`credits` that last `valid_days` from the payment."""

    id: str
    title: str
    credits: Count
    price: Price
    valid_days: Count


class Packages(Shown):
    """The whole price list is one page."""

    data: list[Package]
    next_cursor: None


class NewPurchase(Body):
    """`method`: the installation's own; another is refused. The two URLs are where the buyer is sent after the checkout page."""

    package: Annotated[str, Meta(min_length=1, max_length=64)]
    method: Method | None = None
    success_url: Url | None = None
    cancel_url: Url | None = None


class Purchase(Shown):
    """`checkout_url` is null once it is paid, canceled or past `checkout_expires_at`. `refunded_amount`: money that went back.

    `method` test: nobody paid anything. `credits_revoked`: what was taken back with refunded money.
    """

    id: Id
    status: Status
    package: str
    credits: Count
    price: Price
    method: Method
    checkout_url: str | None
    checkout_expires_at: Moment | None
    refunded_amount: Count
    credits_revoked: Count
    credits_expire_at: Moment | None
    paid_at: Moment | None
    created_at: Moment
    updated_at: Moment
    position: Count


class PlacedPurchase(Purchase):
    """`secret_shown`: this is a replay, and its checkout URL has expired."""

    secret_shown: bool


class PurchaseQuery(ListQuery):
    """By creation."""

    status: list[Status] = []


def shown_package(offer: Offer, version: int) -> Package:
    price = Price(amount=offer.amount, currency=offer.currency, price_version=version)
    return Package(id=offer.id, title=offer.title, credits=offer.credits, price=price, valid_days=offer.valid_days)


def shown_purchase(key: SubjectKey, row: OrderRow, now: datetime) -> Purchase:
    return Purchase(**_fields(key, row, now))


def placed_purchase(key: SubjectKey, row: OrderRow, now: datetime, *, replayed: bool) -> PlacedPurchase:
    fields = _fields(key, row, now)
    return PlacedPurchase(**fields, secret_shown=was_shown(row, fields, replayed))


def was_shown(row: BoughtRow, fields: dict[str, Any], replayed: bool) -> bool:
    """Its page was shown by an earlier answer, and can no longer be."""
    return replayed and row.sealed_url is not None and fields["checkout_url"] is None


def bought_fields(key: SubjectKey, row: BoughtRow, now: datetime) -> dict[str, Any]:
    """What a purchase and a subscription show alike."""
    return {
        "id": str(row.id),
        "status": row.status,
        "credits": row.credits,
        "price": Price(amount=row.amount, currency=row.currency, price_version=row.price_version),
        "method": row.provider,
        "checkout_url": _open_url(key, row, now),
        "checkout_expires_at": moment(row.checkout_expires_at),
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "position": row.position,
    }


def _open_url(key: SubjectKey, row: BoughtRow, now: datetime) -> str | None:
    """The checkout page, while it may be paid there."""
    if row.status != "pending" or row.sealed_url is None or row.checkout_expires_at is None or row.checkout_expires_at <= now:
        return None
    return key.open(row.sealed_url)


def _fields(key: SubjectKey, row: OrderRow, now: datetime) -> dict[str, Any]:
    return {
        **bought_fields(key, row, now),
        "package": row.package,
        "refunded_amount": row.reversed_amount,
        "credits_revoked": row.reversed_credits,
        "credits_expire_at": moment(row.expires_at),
        "paid_at": moment(row.paid_at),
    }
