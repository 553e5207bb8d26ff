"""The port of what the clock alone decides about orders and subscriptions."""

from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID


class Bought(NamedTuple):
    """An order or a subscription, whose it is, and the moment that has passed."""

    id: UUID
    account_id: UUID
    due_at: datetime


class PaymentsDue(Protocol):
    """What became due by *now*, oldest first. It may name what has changed meanwhile: the commands look again."""

    async def unpaid_orders(self, now: datetime, limit: int) -> list[Bought]:
        """Pending orders that can no longer be paid, some time after their page has closed."""

    async def unpaid_subscriptions(self, now: datetime, limit: int) -> list[Bought]:
        """The same of subscriptions that never began."""

    async def renewals(self, now: datetime, limit: int) -> list[Bought]:
        """Subscriptions of the test till whose period is over."""
