"""Random histories in which people also buy, subscribe, get money back, and operators correct accounts."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from domain.credits import commands as ledger
from domain.subscriptions import commands as subscriptions
from domain.webhooks import commands as webhooks
from tests.support.histories import History
from tests.support.logged_book import LoggedBook
from tests.support.shopping import MONTH, Shop


class BusyHistory(History):
    """Every fact that a log can hold, but for those of erasure and the notary."""

    def __init__(self, seed: int, *, accounts: int = 3, book: LoggedBook | None = None) -> None:
        super().__init__(seed, accounts=accounts, book=book)
        self.till = Shop(self.book)
        self.placed: list[UUID] = []
        self.requested: list[UUID] = []
        self.endpoints: list[tuple[UUID, UUID]] = []
        self.invoices: dict[UUID, int] = {}

    def moves(self) -> list[tuple[int, Callable[[], None]]]:
        return [*super().moves(), (8, self._buy), (4, self._give_back), (6, self._subscribe), (3, self._correct), (4, self._listen)]

    def _buy(self) -> None:
        """The next thing that happens to an order, or a new one."""
        if not self.placed or self.random.random() < 0.4:
            credits, amount = self.random.choice([(100, 499), (30, 199)])
            self.placed.append(self.till.order(self._account(), credits=credits, amount=amount))
            return
        order_id = self.random.choice(self.placed[-4:])
        dice = self.random.random()
        if dice < 0.35:
            self.till.open(order_id)
        elif dice < 0.85:
            self.till.pay(order_id)
        else:
            self.till.cancel(order_id, self.random.choice(["expired", "failed"]))

    def _give_back(self) -> None:
        if not self.placed:
            return
        order_id = self.random.choice(self.placed)
        if self.random.random() < 0.3:
            self.till.undo(order_id, self.random.choice(["re_1", "dp_1"]))
        else:
            total = self.random.randrange(1, self.till.at(order_id).amount + 1)
            self.till.reverse(order_id, total, self.random.choice(["re_1", "re_2", "dp_1"]))

    def _subscribe(self) -> None:
        if not self.requested or self.random.random() < 0.15:
            self.requested.append(self.till.subscription(self._account()))
            return
        subscription_id = self.random.choice(self.requested[-3:])
        number = self.invoices.get(subscription_id, 0)
        begin = self.book.now - MONTH + timedelta(days=self.random.randrange(40))
        acts: list[Callable[[], object]] = [
            lambda: self.till.tell(
                subscriptions.OpenSubscriptionCheckout,
                subscription_id,
                reference="sub_1",
                sealed_url="sealed",
                expires_at=self.book.now + timedelta(hours=1),
            ),
            lambda: self.till.pay_period(subscription_id, f"in_{subscription_id}_{number}", start=begin),
            lambda: self.till.tell(subscriptions.FailPeriod, subscription_id, invoice=f"in_x_{number}", at=self.book.now),
            lambda: self.till.tell(subscriptions.CancelSubscription, subscription_id),
            lambda: self.till.change(subscription_id, self.random.choice(["active", "past_due", "canceled"]), at=self.book.now),
            lambda: self.till.reverse_period(subscription_id, self.random.randrange(1, 1500), f"in_{subscription_id}_{number - 1}"),
        ]
        act = self.random.choices(acts, [2, 6, 1, 1, 2, 2])[0]
        act()
        self.invoices[subscription_id] = number + 1

    def _listen(self) -> None:
        """The next thing that happens to a webhook endpoint, or a new one."""
        if not self.endpoints or self.random.random() < 0.35:
            account_id, endpoint_id = self._account(), self.book.id()
            self.endpoints.append((account_id, endpoint_id))
            told = {"sealed_url": "sealed", "sealed_secret": "sealed", "events": ["asset.created"]}
            self.book.when(webhooks.AddEndpoint(account_id=account_id, endpoint_id=endpoint_id, sealed_description="sealed", **told))
            return
        account_id, endpoint_id = mine = self.random.choice(self.endpoints)
        its = {"account_id": account_id, "endpoint_id": endpoint_id}
        until = self.random.choice([None, self.book.now + timedelta(hours=self.random.randrange(1, 24))])
        command = self.random.choice(
            [
                webhooks.ChangeEndpoint(**its, sealed_url=f"sealed {self.book.now}", events=["asset.created", "credits.low"]),
                webhooks.ChangeEndpoint(**its, enabled=self.random.random() < 0.5),
                webhooks.DisableEndpoint(**its, cause="failing"),
                webhooks.RotateEndpointSecret(**its, sealed_secret="sealed", overlap_until=until),
                webhooks.IssueAccountSecret(account_id=account_id, sealed_secret="sealed", overlap_until=until),
                webhooks.DeleteEndpoint(**its),
            ]
        )
        self.book.when(command)
        if isinstance(command, webhooks.DeleteEndpoint):
            self.endpoints.remove(mine)

    def _correct(self) -> None:
        account_id = self._account()
        if self.random.random() < 0.5:
            amount = self.random.choice([-40, -7, 3, 25])
            command = ledger.AdjustCredits(account_id=account_id, adjustment_id=self.book.id(), amount=amount, reason="counted again")
            self.book.when(command)
            return
        grants = list(self.book.credits(account_id).grants)
        if grants:
            self.book.when(ledger.RevokeGrant(account_id=account_id, grant_id=self.random.choice(grants), reason="a mistake"))
