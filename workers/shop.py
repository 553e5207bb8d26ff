"""What the clock decides about orders and subscriptions. The commands look again, and their causes make them act once."""

import logging
from collections.abc import Awaitable, Callable

from domain.kernel.commands import Command
from domain.kernel.refusals import Refusal, Unavailable
from domain.orders.commands import CancelOrder
from domain.payments.due import Bought
from domain.subscriptions.commands import EndSubscription, RenewSubscription
from workers.orders import Orders
from workers.platform import WorkerPlatform

logger = logging.getLogger(__name__)

BATCH = 200


class Shop:
    """Chores of the scheduler; where nothing is sold there are none."""

    def __init__(self, platform: WorkerPlatform, orders: Orders) -> None:
        self._due = platform.payments_due
        self._clock = platform.clock
        self._counts = platform.counts
        self._orders = orders
        self._till_is_open = platform.till_is_open
        self._period_seconds = platform.till_period_seconds

    @property
    def chores(self) -> list[Callable[[], Awaitable[None]]]:
        return [] if self._due is None else [self.close_orders, self.close_subscriptions, self.renew]

    async def close_orders(self) -> None:
        """What nobody paid while it could be paid."""
        assert self._due is not None
        for bought in await self._due.unpaid_orders(self._clock.now(), BATCH):
            command = CancelOrder(order_id=bought.id, account_id=bought.account_id, cause="expired")
            await self._send(command, f"unpaid:{bought.id}", "order")

    async def close_subscriptions(self) -> None:
        assert self._due is not None
        for bought in await self._due.unpaid_subscriptions(self._clock.now(), BATCH):
            command = EndSubscription(subscription_id=bought.id, account_id=bought.account_id, cause="expired")
            await self._send(command, f"unpaid:{bought.id}", "subscription")

    async def renew(self) -> None:
        """At the test till nobody else says that a period is over. Once the till is closed, nothing is given for nothing any more."""
        assert self._due is not None
        for bought in await self._due.renewals(self._clock.now(), BATCH):
            await self._send(self._renewal(bought), f"renew:{bought.id}:{bought.due_at.isoformat()}", "renewal")

    def _renewal(self, bought: Bought) -> Command:
        if not self._till_is_open:
            return EndSubscription(subscription_id=bought.id, account_id=bought.account_id, cause="till_closed")
        return RenewSubscription(subscription_id=bought.id, account_id=bought.account_id, period_seconds=self._period_seconds)

    async def _send(self, command: Command, cause: str, what: str) -> None:
        try:
            await self._orders.send(command, cause)
        except Unavailable:
            raise
        except Refusal as refusal:
            # An account whose credits are closed, say: the next look will find it again, and others must not wait for it.
            logger.info("%s not closed or renewed: %s", what, refusal)
        self._counts.count("due", 1, what=what)
