"""Stripe's objects, as far as they matter here. Fields that Stripe adds are ignored; amounts are minor units, times Unix seconds."""

from typing import Annotated, Any, Literal, TypeVar

import msgspec

Shape = TypeVar("Shape")
#: Goes into paths of requests, so nothing but letters, digits and underscores.
Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,255}\Z")]
Metadata = dict[str, str] | None
# Closed sets where a word decides over credits: one that is not known here is an error that somebody sees, never a guess.
DisputeStatus = Literal[
    "lost", "needs_response", "prevented", "under_review", "warning_closed", "warning_needs_response", "warning_under_review", "won"
]
RefundStatus = Literal["canceled", "failed", "pending", "requires_action", "succeeded"]
SubscriptionStatus = Literal["active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"]


class Unreadable(Exception):
    """Not the JSON that was expected."""


def read(data: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    """Raises Unreadable."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error


class Thing(msgspec.Struct):
    """Whatever a message is about."""

    id: Id


class EventData(msgspec.Struct):
    object: msgspec.Raw = msgspec.Raw(b"null")


class Event(msgspec.Struct):
    """The envelope of a webhook. Its object is only looked at when the type is one that we know."""

    id: Id
    type: str
    livemode: bool
    data: EventData = msgspec.field(default_factory=EventData)


class Session(msgspec.Struct):
    """`status`: open, complete, expired. `payment_status`: paid, unpaid, no_payment_required."""

    id: Id
    livemode: bool
    mode: str
    status: str | None = None
    payment_status: str = "unpaid"
    url: str | None = None
    expires_at: int | None = None
    amount_total: int | None = None
    currency: str | None = None
    payment_intent: Id | None = None
    subscription: Id | None = None
    metadata: Metadata = None


class PaymentIntent(msgspec.Struct):
    id: Id
    metadata: Metadata = None


class Refund(msgspec.Struct):
    """`payment_intent` is asked for whole; None: the refund of something else."""

    id: Id
    amount: int
    currency: str
    status: RefundStatus | None = None
    payment_intent: PaymentIntent | None = None


class Refunds(msgspec.Struct):
    data: list[Refund]
    has_more: bool = False


class Dispute(msgspec.Struct):
    """While its status is warning_… the bank only asks, and nothing is taken."""

    id: Id
    amount: int
    currency: str
    status: DisputeStatus
    livemode: bool
    payment_intent: PaymentIntent | None = None


class SubscriptionDetails(msgspec.Struct):
    """`metadata` is the subscription's as it was when the invoice was finalised."""

    subscription: Id
    metadata: Metadata = None


class InvoiceParent(msgspec.Struct):
    subscription_details: SubscriptionDetails | None = None


class Period(msgspec.Struct):
    start: int
    end: int


class InvoiceLine(msgspec.Struct):
    period: Period


class InvoiceLines(msgspec.Struct):
    data: list[InvoiceLine] = []


class PaymentOfInvoice(msgspec.Struct):
    payment_intent: Id | None = None


class InvoicePayment(msgspec.Struct):
    status: str
    payment: PaymentOfInvoice


class InvoicePayments(msgspec.Struct):
    data: list[InvoicePayment] = []


class Invoice(msgspec.Struct):
    """`status`: draft, open, paid, uncollectible, void. Its own period looks back; those of its `lines` are what is paid for."""

    id: Id
    livemode: bool
    currency: str
    amount_paid: int
    status: str | None = None
    billing_reason: str | None = None
    parent: InvoiceParent | None = None
    lines: InvoiceLines = msgspec.field(default_factory=InvoiceLines)
    payments: InvoicePayments = msgspec.field(default_factory=InvoicePayments)


class InvoiceOfPayment(msgspec.Struct):
    """A row of `GET /invoice_payments`."""

    invoice: Id


class InvoicesOfPayment(msgspec.Struct):
    data: list[InvoiceOfPayment]


class Subscription(msgspec.Struct):
    id: Id
    livemode: bool
    status: SubscriptionStatus
    cancel_at_period_end: bool = False
    cancel_at: int | None = None
    metadata: Metadata = None


class ErrorBody(msgspec.Struct):
    type: Any = None
    code: Any = None


class Failure(msgspec.Struct):
    error: ErrorBody = msgspec.field(default_factory=ErrorBody)
