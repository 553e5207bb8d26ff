"""An order: one package of credits, its price, its payment, and what became of that."""

from datetime import datetime
from typing import Any

from domain.kernel.facts import when
from domain.orders import commands, events, refusals
from domain.payments import shares
from domain.payments.bought import Bought
from domain.payments.checks import check_same
from domain.payments.shares import Taken


class Order(Bought):
    """Stream id: the order's id. What is heard of its payment leads to the same state in any order."""

    TOPIC = "orders.order"
    ASKED = ("account_id", "package", "credits", "amount", "currency", "valid_days", "price_version", "provider", "livemode", "sealed_urls")
    NOT_FOUND = refusals.OrderNotFound
    SOURCE = "purchase"

    package: str
    valid_days: int

    def __init__(self) -> None:
        super().__init__()
        self.canceled: str | None = None
        self.paid_by: str | None = None
        self.paid_at: datetime | None = None
        self.payment: str | None = None
        self.expires_at: datetime | None = None
        self.grants: list[dict[str, Any]] = []
        self.reversals: dict[str, dict[str, Any]] = {}

    @classmethod
    def place(cls, command: commands.PlaceOrder, *, now: datetime) -> "Order":
        return cls._asked(events.OrderPlaced, command.order_id, command, now=now)

    @property
    def status(self) -> str:
        """pending, paid, canceled, or refunded: all of the price went back."""
        if self.paid_by is None:
            return "canceled" if self.canceled else "pending"
        return "refunded" if self.reversed_amount == self.amount else "paid"

    @property
    def reversed_amount(self) -> int:
        """So much of the price went back, in minor units."""
        return shares.standing(self.amount, self.reversals)

    @property
    def page(self) -> str | None:
        """The payment service's name of the page on which it is paid, once that is there."""
        return self.reference

    def as_paid(self) -> shares.Paid:
        """The payment as plain values; see `domain.payments.shares`."""
        return {"amount": self.amount, "credits": self.credits, "grants": self.grants, "reversals": self.reversals}

    def rehearsed(self) -> commands.PayOrder:
        """At the test till: the buyer says that it is paid."""
        return commands.PayOrder(
            order_id=self.id,
            account_id=self.account_id,
            reference=f"test_{self.id}",
            payment=None,
            amount=self.amount,
            currency=self.currency,
            livemode=self.livemode,
        )

    def open_checkout(self, *, reference: str, sealed_url: str, expires_at: datetime, now: datetime) -> None:
        """The first page stays: a later one is for an order that has one, is paid or canceled."""
        if self.reference is None and self.status == "pending":
            self.record(events.OrderCheckoutOpened, now=now, reference=reference, sealed_url=sealed_url, expires_at=expires_at)

    def check_payment(self, heard: commands.PayOrder) -> bool:
        """False when this very payment was heard before.   Raises PaymentMismatch, OrderPaidAlready."""
        check_same(self, heard, "livemode", "currency", "amount")
        if self.paid_by not in (None, heard.reference):
            raise refusals.OrderPaidAlready()
        return self.paid_by is None

    def pay(self, heard: commands.PayOrder, *, expires_at: datetime, revoked: int, now: datetime) -> None:
        self.record(
            events.OrderPaid,
            now=now,
            reference=heard.reference,
            payment=heard.payment,
            amount=heard.amount,
            currency=heard.currency,
            grant_id=self.id,
            credits=self.credits,
            expires_at=expires_at,
            revoked=revoked,
        )

    def cancel(self, cause: str, *, now: datetime) -> None:
        """Money counts for more than a page that closed: a paid order stays so."""
        if self.status == "pending":
            self.record(events.OrderCanceled, now=now, cause=cause)

    def check_reversal(self, heard: commands.ReverseOrder) -> bool:
        """False when nothing new is said.   Raises PaymentMismatch."""
        check_same(self, heard, "livemode", "currency")
        return shares.says_new(self.as_paid(), heard.reversal, heard.total)

    def reverse(self, heard: commands.ReverseOrder, taken: list[Taken], *, now: datetime) -> None:
        self.record(events.OrderReversed, now=now, reversal=heard.reversal, kind=heard.kind, total=heard.total, taken=taken)

    def undo_reversal(self, reversal: str, *, credits: int, now: datetime) -> None:
        """`credits` were granted again."""
        self.record(
            events.OrderReversalUndone,
            now=now,
            reversal=reversal,
            credits=credits,
            grant_id=shares.given_back(self.id, reversal) if credits else None,
            expires_at=shares.valid_until(self.grants, now) if credits else None,
        )

    @when(events.OrderPlaced)
    def _placed(self, fact: events.OrderPlaced) -> None:
        self._keep_asked(fact)

    @when(events.OrderCheckoutOpened)
    def _checkout_opened(self, fact: events.OrderCheckoutOpened) -> None:
        self.reference, self.sealed_url, self.checkout_expires_at = fact.reference, fact.sealed_url, fact.expires_at

    @when(events.OrderPaid)
    def _paid(self, fact: events.OrderPaid) -> None:
        self.paid_by, self.payment, self.paid_at, self.expires_at = fact.reference, fact.payment, fact.timestamp, fact.expires_at
        self.grants = [shares.grant_of(fact.grant_id, fact.credits, fact.expires_at, revoked=fact.revoked)]

    @when(events.OrderCanceled)
    def _canceled(self, fact: events.OrderCanceled) -> None:
        self.canceled = fact.cause

    @when(events.OrderReversed)
    def _reversed(self, fact: events.OrderReversed) -> None:
        shares.note_reversal(self.as_paid(), fact)

    @when(events.OrderReversalUndone)
    def _reversal_undone(self, fact: events.OrderReversalUndone) -> None:
        shares.note_undone(self.as_paid(), fact)
