"""What is heard of money becomes commands. Their ids follow from the cause, so any number of messages acts once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from api.kit.call import Call
from domain.credits.commands import ExpireGrants
from domain.kernel.commands import Command, Context
from domain.kernel.ids import command_of_cause
from domain.orders import commands as orders
from domain.orders.order import Order
from domain.orders.refusals import OrderNotFound
from domain.payments import ports
from domain.payments.ports import PaymentEvent
from domain.subscriptions import commands as subscriptions
from domain.subscriptions.refusals import SubscriptionNotFound
from domain.subscriptions.subscription import Subscription
from projections.payments.lapsed import lapsed

#: What gives nothing is past due, what was never paid waits.
STATUSES: dict[ports.SubscriptionStatus, str] = {"incomplete": "pending", "paused": "past_due", "unpaid": "past_due"}


async def take(call: Call, event: PaymentEvent) -> bool:
    """Commit what follows from *event*; False when that was known before.

    Raises what orders and subscriptions refuse: PaymentMismatch, OrderPaidAlready, PaymentTaken, ReversalUnknown, OrderNotFound …
    """
    match event:
        case ports.SubscriptionChanged() | ports.InvoicePaid() | ports.InvoiceFailed():
            subscription = await _subscription(call, event.subscription_id)
            return await _execute(call, subscription, *_of_subscription(subscription, event))
        case ports.PaymentReversed() | ports.DisputeWon() | ports.RefundFailed():
            return await _take_reversal(call, event)
        case ports.CheckoutExpired(purpose="subscription"):
            subscription = await _subscription(call, event.id)
            ended = subscriptions.EndSubscription(subscription_id=event.id, account_id=subscription.account_id, cause="expired")
            return await _execute(call, subscription, ended, f"{event.reference}:expired")
        case ports.PaymentSettled() | ports.PaymentFailed() | ports.CheckoutExpired():
            order = await _order(call, event.id if isinstance(event, ports.CheckoutExpired) else event.order_id)
            return await _execute(call, order, *_of_order(order, event))
    raise TypeError(f"{type(event).__name__} leads to no command")


def _of_order(order: Order, event: ports.PaymentSettled | ports.PaymentFailed | ports.CheckoutExpired) -> tuple[Command, str]:
    """Command and cause."""
    whose: dict[str, Any] = {"order_id": order.id, "account_id": order.account_id}
    match event:
        case ports.PaymentSettled():
            money = _named(event, "reference", "payment", "amount", "currency", "livemode")
            return orders.PayOrder(**whose, **money), event.reference
        case ports.PaymentFailed():
            return orders.CancelOrder(**whose, cause="failed"), f"{event.reference}:failed"
        case ports.CheckoutExpired():
            return orders.CancelOrder(**whose, cause="expired"), f"{event.reference}:expired"


def _of_subscription(
    subscription: Subscription, event: ports.SubscriptionChanged | ports.InvoicePaid | ports.InvoiceFailed
) -> tuple[Command, str]:
    """Command and cause."""
    whose: dict[str, Any] = {"subscription_id": subscription.id, "account_id": subscription.account_id}
    match event:
        case ports.InvoicePaid():
            names = ("reference", "invoice", "payment", "amount", "currency", "livemode", "period_start", "period_end")
            return subscriptions.PayPeriod(**whose, **_named(event, *names)), event.invoice
        case ports.InvoiceFailed():
            return subscriptions.FailPeriod(**whose, **_named(event, "invoice", "at")), f"{event.invoice}:failed:{event.at.timestamp():.0f}"
        case ports.SubscriptionChanged():
            seen = _named(event, "reference", "cancel_at_period_end", "at")
            changed = subscriptions.ChangeSubscription(**whose, **seen, status=STATUSES.get(event.status, event.status))
            return changed, f"{event.event}:{event.status}:{event.cancel_at_period_end}"


async def _take_reversal(call: Call, event: ports.PaymentReversed | ports.ReversalUndone) -> bool:
    assert event.id is not None, "an adapter names whose payment it was"
    if event.purpose == "order":
        order = await _order(call, event.id)
        return await _execute(call, order, *await _of_reversed_order(call, order, event))
    subscription = await _subscription(call, event.id)
    return await _execute(call, subscription, *await _of_reversed_period(call, subscription, event))


async def _of_reversed_order(call: Call, order: Order, event: ports.PaymentReversed | ports.ReversalUndone) -> tuple[Command, str]:
    whose: dict[str, Any] = {"order_id": order.id, "account_id": order.account_id, "reversal": event.reversal}
    if not isinstance(event, ports.PaymentReversed):
        return orders.UndoOrderReversal(**whose), f"{event.reversal}:undone"
    expired = await _lapsed(call, order.account_id, order.grants)
    money = _named(event, "kind", "total", "currency", "livemode")
    return orders.ReverseOrder(**whose, **money, expired=expired), f"{event.reversal}:{event.total}"


async def _of_reversed_period(
    call: Call, subscription: Subscription, event: ports.PaymentReversed | ports.ReversalUndone
) -> tuple[Command, str]:
    whose: dict[str, Any] = {"subscription_id": subscription.id, "account_id": subscription.account_id, "reversal": event.reversal}
    if not isinstance(event, ports.PaymentReversed):
        return subscriptions.UndoPeriodReversal(**whose, payment=event.payment), f"{event.reversal}:undone"
    granted = [grant for period in subscription.periods.values() for grant in period["grants"]]
    expired = await _lapsed(call, subscription.account_id, granted)
    money = _named(event, "payment", "kind", "total", "currency", "livemode")
    return subscriptions.ReversePeriod(**whose, **money, expired=expired), f"{event.reversal}:{event.total}"


async def _lapsed(call: Call, account_id: UUID, grants: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The account does not know what lapsed of a grant that is closed, so it is looked up in the log, with what is due by now."""
    now = call.platform.clock.now()
    if all(grant["expires_at"] > now for grant in grants):
        return {}
    await call.platform.journal.execute(ExpireGrants(account_id=account_id), _context(call, call.platform.ids.new()))
    async with call.platform.reads.connection() as connection:
        return await lapsed(connection, account_id, [grant["grant_id"] for grant in grants])


async def _order(call: Call, order_id: UUID) -> Order:
    """Raises OrderNotFound: its page was opened here, so the log must know it."""
    order = await call.platform.journal.load(Order, order_id)
    if order is None:
        raise OrderNotFound()
    return order


async def _subscription(call: Call, subscription_id: UUID) -> Subscription:
    """Raises SubscriptionNotFound."""
    subscription = await call.platform.journal.load(Subscription, subscription_id)
    if subscription is None:
        raise SubscriptionNotFound()
    return subscription


async def _execute(call: Call, whose: Order | Subscription, command: Command, cause: str) -> bool:
    """Whether facts followed. *whose* is the stream as it was seen before."""
    journal = call.platform.journal
    command_id = command_of_cause(f"{call.platform.payments.name}:{cause}")
    call.executed = True
    receipt = await journal.execute(command, _context(call, command_id))
    if receipt.repeated or receipt.position <= whose.position:
        return False
    # A command that changes nothing speaks of the stream's latest fact, which may be another's.
    return await journal.receipt(command_id) is not None


def _context(call: Call, command_id: UUID) -> Context:
    """As of now: reading at the payment service may have taken seconds since the request came."""
    platform = call.platform
    return Context(actor=platform.payments.name, now=platform.clock.now(), command_id=command_id, correlation=call.request_id)


def _named(event: PaymentEvent, *names: str) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}
