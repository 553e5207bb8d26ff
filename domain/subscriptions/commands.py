"""What can be asked of a subscription. Amounts are in the currency's minor unit, `currency` is ISO 4217 in upper case."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Command


class RequestSubscription(Command):
    """`credits` and `amount` are those of one period, a month. The rest as in PlaceOrder."""

    subscription_id: UUID
    account_id: UUID
    plan: str
    credits: int
    amount: int
    currency: str
    price_version: int
    provider: str
    livemode: bool
    sealed_urls: str


class OpenSubscriptionCheckout(Command):
    """The page on which the subscription begins is there."""

    subscription_id: UUID
    account_id: UUID
    reference: str
    sealed_url: str
    expires_at: datetime


class PayPeriod(Command):
    """The money for a period has come; its credits lapse at `period_end`. `invoice` is unique in the ledger."""

    subscription_id: UUID
    account_id: UUID
    reference: str
    invoice: str
    payment: str | None
    amount: int
    currency: str
    livemode: bool
    period_start: datetime
    period_end: datetime


class FailPeriod(Command):
    """The money for `invoice` did not come, as the payment service knew `at` then."""

    subscription_id: UUID
    account_id: UUID
    invoice: str
    at: datetime


class CancelSubscription(Command):
    """Its owner ends it at the end of the period that is paid for; one that was never paid ends now."""

    subscription_id: UUID
    account_id: UUID


class ChangeSubscription(Command):
    """How the payment service sees it since `at`. `status`: active, canceled, past_due or pending."""

    subscription_id: UUID
    account_id: UUID
    reference: str
    status: str
    cancel_at_period_end: bool
    at: datetime


class EndSubscription(Command):
    """`cause`: "expired" (the page was closed unpaid), "till_closed" (a test subscription where real money is taken now)."""

    subscription_id: UUID
    account_id: UUID
    cause: str


class RenewSubscription(Command):
    """At the test till, where nobody else does it: the period that is over is followed by the next, or by the end.

    A period is a calendar month, or `period_seconds`.
    """

    subscription_id: UUID
    account_id: UUID
    period_seconds: int | None = None


class ReversePeriod(Command):
    """As ReverseOrder, for the period that `payment` paid."""

    subscription_id: UUID
    account_id: UUID
    payment: str
    reversal: str
    kind: str
    total: int
    currency: str
    livemode: bool
    expired: dict[str, int] = {}


class UndoPeriodReversal(Command):
    """As UndoOrderReversal, for the period that `payment` paid."""

    subscription_id: UUID
    account_id: UUID
    payment: str
    reversal: str
