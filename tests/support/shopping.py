"""Orders and subscriptions in a book held in memory, as the edge would ask for them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.credits.events import GrantExpired
from domain.kernel.facts import Fact
from domain.orders import commands as orders
from domain.orders.order import Order
from domain.subscriptions import commands as subscriptions
from domain.subscriptions.subscription import Subscription
from tests.support.book import Book

MONTH = timedelta(days=30)


class Shop:
    """One book and what is bought in it. Figures of the smallest package unless told otherwise."""

    def __init__(self, book: Book | None = None) -> None:
        self.book = book or Book()

    def order(self, account_id: UUID, **changes: Any) -> UUID:
        order_id = self.book.id()
        values: dict[str, Any] = {
            "package": "starter",
            "credits": 100,
            "amount": 499,
            "currency": "USD",
            "valid_days": 365,
            "price_version": 1,
            "provider": "stripe",
            "livemode": True,
            "sealed_urls": "sealed",
            **changes,
        }
        self.book.when(orders.PlaceOrder(order_id=order_id, account_id=account_id, **values))
        return order_id

    def at(self, order_id: UUID) -> Order:
        found = self.book.get(Order, order_id)
        assert found is not None
        return found

    def open(self, order_id: UUID, **changes: Any) -> list[Fact]:
        values = {"reference": f"cs_{order_id}", "sealed_url": "sealed", "expires_at": self.book.now + timedelta(hours=23), **changes}
        return self.book.when(orders.OpenCheckout(order_id=order_id, account_id=self.at(order_id).account_id, **values))

    def pay(self, order_id: UUID, **changes: Any) -> list[Fact]:
        order = self.at(order_id)
        values: dict[str, Any] = {
            "account_id": order.account_id,
            "reference": f"cs_{order_id}",
            "payment": f"pi_{order_id}",
            "amount": order.amount,
            "currency": order.currency,
            "livemode": order.livemode,
            **changes,
        }
        return self.book.when(orders.PayOrder(order_id=order_id, **values))

    def cancel(self, order_id: UUID, cause: str = "expired") -> list[Fact]:
        return self.book.when(orders.CancelOrder(order_id=order_id, account_id=self.at(order_id).account_id, cause=cause))

    def reverse(self, order_id: UUID, total: int, reversal: str = "re_1", **changes: Any) -> list[Fact]:
        order = self.at(order_id)
        values: dict[str, Any] = {
            "account_id": order.account_id,
            "kind": "dispute" if reversal.startswith("dp") else "refund",
            "currency": order.currency,
            "livemode": order.livemode,
            "expired": self.lapsed(),
            **changes,
        }
        return self.book.when(orders.ReverseOrder(order_id=order_id, reversal=reversal, total=total, **values))

    def undo(self, order_id: UUID, reversal: str = "re_1") -> list[Fact]:
        command = orders.UndoOrderReversal(order_id=order_id, account_id=self.at(order_id).account_id, reversal=reversal)
        return self.book.when(command)

    def lapsed(self) -> dict[str, int]:
        """Grant -> credits, over all of the book: what the edge reads from the log."""
        found: dict[str, int] = {}
        for fact in self.book.facts:
            if isinstance(fact, GrantExpired):
                found[str(fact.grant_id)] = found.get(str(fact.grant_id), 0) + fact.amount
        return found

    def subscription(self, account_id: UUID, **changes: Any) -> UUID:
        subscription_id = self.book.id()
        values: dict[str, Any] = {
            "plan": "premium",
            "credits": 500,
            "amount": 1499,
            "currency": "USD",
            "price_version": 1,
            "provider": "stripe",
            "livemode": True,
            "sealed_urls": "sealed",
            **changes,
        }
        self.book.when(subscriptions.RequestSubscription(subscription_id=subscription_id, account_id=account_id, **values))
        return subscription_id

    def of(self, subscription_id: UUID) -> Subscription:
        found = self.book.get(Subscription, subscription_id)
        assert found is not None
        return found

    def pay_period(self, subscription_id: UUID, invoice: str = "in_1", *, start: datetime | None = None, **changes: Any) -> list[Fact]:
        subscription, begin = self.of(subscription_id), start or self.book.now
        values: dict[str, Any] = {
            "account_id": subscription.account_id,
            "reference": "sub_1",
            "payment": f"pi_{invoice}",
            "amount": subscription.amount,
            "currency": subscription.currency,
            "livemode": subscription.livemode,
            "period_start": begin,
            "period_end": begin + MONTH,
            **changes,
        }
        return self.book.when(subscriptions.PayPeriod(subscription_id=subscription_id, invoice=invoice, **values))

    def change(self, subscription_id: UUID, status: str, *, at: datetime, cancel: bool = False) -> list[Fact]:
        account_id = self.of(subscription_id).account_id
        command = subscriptions.ChangeSubscription(
            subscription_id=subscription_id, account_id=account_id, reference="sub_1", status=status, cancel_at_period_end=cancel, at=at
        )
        return self.book.when(command)

    def tell(self, command: type[Any], subscription_id: UUID, **values: Any) -> list[Fact]:
        """Any other command of a subscription."""
        return self.book.when(command(subscription_id=subscription_id, account_id=self.of(subscription_id).account_id, **values))

    def reverse_period(self, subscription_id: UUID, total: int, invoice: str = "in_1", reversal: str = "re_1") -> list[Fact]:
        subscription = self.of(subscription_id)
        return self.tell(
            subscriptions.ReversePeriod,
            subscription_id,
            payment=f"pi_{invoice}",
            reversal=reversal,
            kind="refund",
            total=total,
            currency=subscription.currency,
            livemode=subscription.livemode,
            expired=self.lapsed(),
        )

    def available(self, account_id: UUID) -> int:
        return self.book.credits(account_id).available(self.book.now)
