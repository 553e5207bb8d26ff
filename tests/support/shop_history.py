"""What is bought and what is heard of it, at random, for histories of everything."""

import random
from datetime import timedelta
from uuid import UUID

from domain.subscriptions import commands as subscriptions
from tests.support.book import HOUR, Book
from tests.support.shopping import Shop


class ShopHistory:
    """`step` tells the book one thing about an order or a subscription; most of it as a payment service would, in any order."""

    def __init__(self, book: Book, chance: random.Random, accounts: list[UUID]) -> None:
        self.shop = Shop(book)
        self.random = chance
        self.accounts = accounts
        self.orders: list[UUID] = []
        self.subscriptions: list[UUID] = []

    def step(self) -> None:
        self.random.choice([self._order, self._order, self._subscription])()

    def _order(self) -> None:
        if not self.orders or self.random.random() < 0.2:
            test = self.random.random() < 0.5
            provider = {"provider": "test", "livemode": False} if test else {}
            self.orders.append(self.shop.order(self.random.choice(self.accounts), valid_days=self.random.choice([1, 365]), **provider))
            return
        order_id = self.random.choice(self.orders[-8:])
        reversal = self.random.choice(["re_1", "re_2", "dp_1"])
        tell = self.random.choice(
            [
                lambda: self.shop.open(order_id),
                lambda: self.shop.pay(order_id),
                lambda: self.shop.pay(order_id),
                lambda: self.shop.cancel(order_id),
                lambda: self.shop.reverse(order_id, self.random.randrange(1, 500), reversal),
                lambda: self.shop.undo(order_id, reversal),
            ]
        )
        tell()

    def _subscription(self) -> None:
        if not self.subscriptions or self.random.random() < 0.1:
            test = self.random.random() < 0.5
            provider = {"provider": "test", "livemode": False} if test else {}
            self.subscriptions.append(self.shop.subscription(self.random.choice(self.accounts), **provider))
            return
        found = self.random.choice(self.subscriptions[-4:])
        shop, now, invoice = self.shop, self.shop.book.now, f"in_{self.random.randrange(4)}"
        at = now + HOUR * self.random.randrange(-20, 20)
        page = {"reference": f"cs_{found}", "sealed_url": "sealed", "expires_at": now + HOUR}
        tell = self.random.choice(
            [
                lambda: shop.tell(subscriptions.OpenSubscriptionCheckout, found, **page),
                lambda: shop.pay_period(found, invoice, start=now + timedelta(days=self.random.randrange(-40, 40))),
                lambda: shop.pay_period(found, invoice),
                lambda: shop.tell(subscriptions.FailPeriod, found, invoice=invoice, at=at),
                lambda: shop.change(found, self.random.choice(["active", "past_due"]), at=at, cancel=self.random.random() < 0.3),
                lambda: shop.reverse_period(found, self.random.randrange(1, 1_500), invoice),
                lambda: shop.tell(subscriptions.UndoPeriodReversal, found, payment=f"pi_{invoice}", reversal="re_1"),
                lambda: shop.tell(subscriptions.RenewSubscription, found, period_seconds=self.random.choice([None, 60])),
                lambda: shop.tell(subscriptions.CancelSubscription, found) if self.random.random() < 0.3 else None,
                lambda: shop.tell(subscriptions.EndSubscription, found, cause="expired"),
                lambda: shop.change(found, "canceled", at=at) if self.random.random() < 0.3 else None,
            ]
        )
        tell()
