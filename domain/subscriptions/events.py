"""Facts of a subscription's stream. Amounts of money are in the currency's minor unit. `sealed_*` is ciphertext."""

from datetime import datetime
from uuid import UUID

from domain.kernel.facts import Fact, FirstFact
from domain.payments.shares import Taken


class SubscriptionRequested(FirstFact):
    """`credits` for `amount` each month. `provider` takes the money; `livemode`: real money."""

    TOPIC = "subscriptions.requested"
    account_id: UUID
    plan: str
    credits: int
    amount: int
    currency: str
    price_version: int
    provider: str
    livemode: bool
    sealed_urls: str


class SubscriptionCheckoutOpened(Fact):
    """It can be begun at the sealed URL until `expires_at`."""

    TOPIC = "subscriptions.checkout_opened"
    reference: str
    sealed_url: str
    expires_at: datetime


class PeriodPaid(Fact):
    """The money for a period has come, and its credits were granted in the same commit, until `period_end`."""

    TOPIC = "subscriptions.period_paid"
    reference: str
    invoice: str
    payment: str | None
    amount: int
    currency: str
    period_start: datetime
    period_end: datetime
    grant_id: UUID
    credits: int


class PeriodUnpaid(Fact):
    """The money for a period did not come; the payment service tries again. `at`: when the service knew it."""

    TOPIC = "subscriptions.period_unpaid"
    invoice: str
    at: datetime


class SubscriptionCancelRequested(Fact):
    """The period that is paid for is the last."""

    TOPIC = "subscriptions.cancel_requested"


class SubscriptionChanged(Fact):
    """How the payment service sees it since `at`. `status`: active, past_due or pending."""

    TOPIC = "subscriptions.changed"
    reference: str
    status: str
    cancel_at_period_end: bool
    at: datetime


class SubscriptionEnded(Fact):
    """`cause`: abandoned (canceled before it was paid), canceled (by the payment service), expired (its page), period_end, till_closed."""

    TOPIC = "subscriptions.ended"
    cause: str


class PeriodReversed(Fact):
    """`reversal` has taken back `total` of what `invoice` brought. `taken`: credits revoked in the same commit."""

    TOPIC = "subscriptions.period_reversed"
    invoice: str
    reversal: str
    kind: str
    total: int
    taken: list[Taken]


class PeriodReversalUndone(Fact):
    """A dispute was won or a refund failed. `credits` were granted again as `grant_id`; 0 and None when none had been taken."""

    TOPIC = "subscriptions.period_reversal_undone"
    invoice: str
    reversal: str
    credits: int
    grant_id: UUID | None
    expires_at: datetime | None
