"""The port `PaymentsDue`, from the read models."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.payments.due import Bought
from domain.payments.ports import TEST
from domain.ports import Connections
from projections.orders.orders import OrderRow, overdue_orders
from projections.subscriptions.subscriptions import SubscriptionRow, due_subscriptions, overdue_subscriptions

#: The payment service's last word comes a little after its page has closed; and a page is opened at once, or not at all.
GRACE = timedelta(hours=1)


class PostgresPaymentsDue:
    """Implements `domain.payments.due.PaymentsDue`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def unpaid_orders(self, now: datetime, limit: int) -> list[Bought]:
        async with self._connections.connection() as connection:
            return _closed(await overdue_orders(connection, before=now - GRACE, limit=limit))

    async def unpaid_subscriptions(self, now: datetime, limit: int) -> list[Bought]:
        async with self._connections.connection() as connection:
            return _closed(await overdue_subscriptions(connection, before=now - GRACE, limit=limit))

    async def renewals(self, now: datetime, limit: int) -> list[Bought]:
        async with self._connections.connection() as connection:
            rows = await due_subscriptions(connection, provider=TEST, now=now, limit=limit)
        return [Bought(row.id, row.account_id, row.period_end) for row in rows if row.period_end is not None]


def _closed(rows: Sequence[OrderRow | SubscriptionRow]) -> list[Bought]:
    return [Bought(row.id, row.account_id, row.checkout_expires_at or row.created_at) for row in rows]
