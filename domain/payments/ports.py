"""The port of whoever takes the money, and the little that is heard back from there.

Amounts are in the currency's minor unit (cents for USD), currencies are ISO 4217 in upper case. An event may be heard
any number of times, late and in any order: what follows from it is decided by the streams, never by the order of hearing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from domain.kernel.refusals import Conflicting, Malformed, Unavailable

Purpose = Literal["order", "subscription"]
ReversalKind = Literal["dispute", "refund"]
#: The name of the test till, where money is only said to have come, and the source of what it grants.
TEST = "test"
SubscriptionStatus = Literal["active", "canceled", "incomplete", "past_due", "paused", "unpaid"]


class SignatureRefused(Malformed):
    """The message does not come from the payment service, or comes at the wrong time."""

    detail = "The signature does not fit the message: {reason}."


class MessageUnreadable(Malformed):
    """The message is signed rightly and is no event."""

    detail = "The message is no event that can be read."


class PaymentsUnavailable(Unavailable):
    """The payment service is down or refuses us. The order stands; the same request with the same key goes on with it."""

    detail = "The payment service cannot be reached right now. Repeat the request with the same Idempotency-Key in {retry_after} s."


class PaymentsRefused(Conflicting):
    """The payment service says no for good: repeating changes nothing."""

    detail = "The payment service refused: {reason}"


class CheckoutOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkout page is opened for. One order has one page: asking again for the same `id` gives the same page.

    `title` is shown to the buyer. `success_url` and `cancel_url` are where the buyer is sent afterwards.
    `monthly`: the amount is taken again each month until it is canceled.
    """

    purpose: Purpose
    id: UUID
    account_id: UUID
    title: str
    amount: int
    currency: str
    success_url: str
    cancel_url: str
    #: The page closes then; nothing may be paid later.
    expires_at: datetime
    monthly: bool = False


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """An open page. `reference` is the service's own name of it (`cs_…`)."""

    reference: str
    url: str
    expires_at: datetime


class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is heard of money. `livemode`: real money, not a rehearsal."""

    livemode: bool


class PaymentSettled(PaymentEvent, frozen=True, kw_only=True):
    """The money for an order has come. `reference` is unique in the ledger; `payment` is what later reversals name (`pi_…`)."""

    order_id: UUID
    reference: str
    payment: str | None
    amount: int
    currency: str


class PaymentFailed(PaymentEvent, frozen=True, kw_only=True):
    """A payment that was on its way (a bank transfer) did not come."""

    order_id: UUID
    reference: str


class CheckoutExpired(PaymentEvent, frozen=True, kw_only=True):
    """The page was closed unpaid; `id` is the order's or the subscription's."""

    purpose: Purpose
    id: UUID
    reference: str


class PaymentReversed(PaymentEvent, frozen=True, kw_only=True):
    """Money went back, or is held back. `total` is what `reversal` (`re_…`, `dp_…`) has taken so far, not what is new.

    A smaller `total` of the same reversal that is heard later is stale. Give each reversal its own id; do not also tell
    the sum of all of them. `id` is the order's or the subscription's when the message names it, else `payment` leads there.
    """

    kind: ReversalKind
    reversal: str
    payment: str
    total: int
    currency: str
    purpose: Purpose | None = None
    id: UUID | None = None


class ReversalUndone(PaymentEvent, frozen=True, kw_only=True):
    """A reversal does not stand, for good. Use the two below."""

    reversal: str
    payment: str
    purpose: Purpose | None = None
    id: UUID | None = None


class DisputeWon(ReversalUndone, frozen=True, kw_only=True):
    """The bank decided for us: the credits are given back."""


class RefundFailed(ReversalUndone, frozen=True, kw_only=True):
    """The refund did not reach the buyer: the credits are given back."""


class InvoicePaid(PaymentEvent, frozen=True, kw_only=True):
    """One period of a subscription is paid. `invoice` is unique in the ledger, `reference` is the service's subscription (`sub_…`)."""

    subscription_id: UUID
    reference: str
    invoice: str
    payment: str | None
    amount: int
    currency: str
    period_start: datetime
    period_end: datetime


class InvoiceFailed(PaymentEvent, frozen=True, kw_only=True):
    """The money for a period did not come; the service will try again. `at`: when the service knew it."""

    subscription_id: UUID
    reference: str
    invoice: str
    at: datetime


class SubscriptionChanged(PaymentEvent, frozen=True, kw_only=True):
    """How the service now sees a subscription. `event` is unique to this message; an older `at` never overrides a newer one.

    `canceled` is final. `unpaid` and `paused` give nothing and are shown as past_due; `incomplete` as pending.
    """

    subscription_id: UUID
    reference: str
    event: str
    status: SubscriptionStatus
    cancel_at_period_end: bool
    at: datetime


class Payments(Protocol):
    """Whoever takes the money. `name` marks orders; `livemode` must be that of every event they accept."""

    @property
    def name(self) -> str: ...

    @property
    def livemode(self) -> bool: ...

    async def checkout(self, order: CheckoutOrder) -> Checkout:
        """A page on which an order is paid.   Raises PaymentsUnavailable, PaymentsRefused."""

    async def subscribe(self, order: CheckoutOrder) -> Checkout:
        """A page on which a subscription begins; `order.monthly` is set.   Raises PaymentsUnavailable, PaymentsRefused."""

    async def cancel_at_period_end(self, reference: str) -> None:
        """The period that is paid for is the last. Repeating is fine.   Raises PaymentsUnavailable, PaymentsRefused."""

    async def heard(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> Sequence[PaymentEvent]:
        """What follows from a message, in the order in which it is to be taken; nothing when it is not about us.

        A message only says where to look: what it is about is read again.
        Raises SignatureRefused, MessageUnreadable, PaymentMismatch (another livemode than ours), PaymentsUnavailable, PaymentsRefused.
        """

    async def close(self) -> None: ...
