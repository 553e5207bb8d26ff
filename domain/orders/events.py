"""Facts of an order's stream. Amounts of money are in the currency's minor unit. `sealed_*` is ciphertext under the account's key."""

from datetime import datetime
from uuid import UUID

from domain.kernel.facts import Fact, FirstFact
from domain.payments.shares import Taken


class OrderPlaced(FirstFact):
    """`provider` takes the money; `livemode`: real money. `sealed_urls` is JSON {success_url, cancel_url}."""

    TOPIC = "orders.placed"
    account_id: UUID
    package: str
    credits: int
    amount: int
    currency: str
    valid_days: int
    price_version: int
    provider: str
    livemode: bool
    sealed_urls: str


class OrderCheckoutOpened(Fact):
    """The order can be paid at the sealed URL until `expires_at`. `reference` is the payment service's name of that page."""

    TOPIC = "orders.checkout_opened"
    reference: str
    sealed_url: str
    expires_at: datetime


class OrderPaid(Fact):
    """The money has come, and its credits were granted in the same commit. `revoked` of them at once, because it had gone back already."""

    TOPIC = "orders.paid"
    reference: str
    payment: str | None
    amount: int
    currency: str
    grant_id: UUID
    credits: int
    expires_at: datetime
    revoked: int


class OrderCanceled(Fact):
    """Nothing is paid any more. `cause`: expired or failed. Should money come all the same, it counts."""

    TOPIC = "orders.canceled"
    cause: str


class OrderReversed(Fact):
    """`reversal` has taken back `total` so far. `taken`: credits revoked in the same commit."""

    TOPIC = "orders.reversed"
    reversal: str
    kind: str
    total: int
    taken: list[Taken]


class OrderReversalUndone(Fact):
    """A dispute was won or a refund failed. `credits` were granted again as `grant_id`; 0 and None when none had been taken."""

    TOPIC = "orders.reversal_undone"
    reversal: str
    credits: int
    grant_id: UUID | None
    expires_at: datetime | None
