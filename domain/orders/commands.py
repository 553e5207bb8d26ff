"""What can be asked of an order. Amounts are in the currency's minor unit, `currency` is ISO 4217 in upper case."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Command


class PlaceOrder(Command):
    """`provider` is the payment adapter's name, `livemode` what its events must say. `valid_days`: of the credits, once paid."""

    order_id: UUID
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


class OpenCheckout(Command):
    """The page on which the order is paid is there. `sealed_url` is ciphertext under the account's key."""

    order_id: UUID
    account_id: UUID
    reference: str
    sealed_url: str
    expires_at: datetime


class PayOrder(Command):
    """The money has come. `reference` is unique in the ledger; `payment` is what reversals name."""

    order_id: UUID
    account_id: UUID
    reference: str
    payment: str | None
    amount: int
    currency: str
    livemode: bool


class CancelOrder(Command):
    """Nothing is paid any more: `cause` is "expired" or "failed"."""

    order_id: UUID
    account_id: UUID
    cause: str


class ReverseOrder(Command):
    """Money went back: `total` of it by `reversal` so far; `kind` is "refund" or "dispute".

    `expired` says, for each grant of the order (id as text), how many of its credits have lapsed: the caller knows that from
    the log, the account keeps nothing about closed grants.
    """

    order_id: UUID
    account_id: UUID
    reversal: str
    kind: str
    total: int
    currency: str
    livemode: bool
    expired: dict[str, int] = {}


class UndoOrderReversal(Command):
    """The dispute was won, or the refund failed: what was taken for `reversal` is granted again."""

    order_id: UUID
    account_id: UUID
    reversal: str
