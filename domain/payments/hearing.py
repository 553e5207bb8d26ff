"""From what is heard of money to the command that follows, and the cause that makes it act once.

An edge finds the order or the subscription (`claims_of`), and who owns it, and executes `asked_by(…)` under `cause_of(…)`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.kernel.commands import Command
from domain.orders import commands as orders
from domain.payments import ports
from domain.subscriptions import commands as subscriptions

#: How the payment service's words for a subscription are shown here.
STATUSES = {"incomplete": "pending", "paused": "past_due", "unpaid": "past_due"}
Reversal = ports.PaymentReversed | ports.ReversalUndone


def subject_of(event: ports.PaymentEvent) -> tuple[ports.Purpose, UUID] | None:
    """What the event says it is about; None when only its payment leads there."""
    match event:
        case ports.PaymentSettled() | ports.PaymentFailed():
            return "order", event.order_id
        case ports.InvoicePaid() | ports.InvoiceFailed() | ports.SubscriptionChanged():
            return "subscription", event.subscription_id
        case ports.CheckoutExpired():
            return event.purpose, event.id
        case ports.PaymentReversed() | ports.ReversalUndone() if event.purpose is not None and event.id is not None:
            return event.purpose, event.id
    return None


def claims_of(event: Reversal) -> dict[ports.Purpose, str]:
    """The unique claims of which one points to what the reversed payment paid."""
    return {"order": f"payment:{event.payment}", "subscription": f"period:{event.payment}"}


def cause_of(event: ports.PaymentEvent, provider: str) -> str:
    """The cause that fixes the command's id: the same for every time that the same is heard."""
    match event:
        case ports.PaymentSettled():
            said = event.reference
        case ports.PaymentFailed():
            said = f"{event.reference}:failed"
        case ports.CheckoutExpired():
            said = f"{event.reference}:expired"
        case ports.PaymentReversed():
            said = f"{event.reversal}:{event.total}"
        case ports.ReversalUndone():
            said = f"{event.reversal}:undone"
        case ports.InvoicePaid():
            said = event.invoice
        case ports.InvoiceFailed():
            said = f"{event.invoice}:failed:{event.at.isoformat()}"
        case ports.SubscriptionChanged():
            said = event.event
        case _:
            raise TypeError(f"{type(event).__name__} has no cause")
    return f"{provider}:{said}"


def asked_by(
    event: ports.PaymentEvent, *, purpose: ports.Purpose, id: UUID, account_id: UUID, expired: Mapping[str, int] | None = None
) -> Command:
    """The command. *expired*: for a reversal, grant id -> how many of its credits have lapsed."""
    if purpose == "order":
        return _of_order(event, {"order_id": id, "account_id": account_id}, dict(expired or {}))
    return _of_subscription(event, {"subscription_id": id, "account_id": account_id}, dict(expired or {}))


def _of_order(event: ports.PaymentEvent, whose: dict[str, Any], expired: dict[str, int]) -> Command:
    match event:
        case ports.PaymentSettled():
            return orders.PayOrder(**whose, **_fields(event, "reference", "payment", "amount", "currency", "livemode"))
        case ports.PaymentFailed():
            return orders.CancelOrder(**whose, cause="failed")
        case ports.CheckoutExpired():
            return orders.CancelOrder(**whose, cause="expired")
        case ports.PaymentReversed():
            said = _fields(event, "reversal", "kind", "total", "currency", "livemode")
            return orders.ReverseOrder(**whose, **said, expired=expired)
        case ports.ReversalUndone():
            return orders.UndoOrderReversal(**whose, reversal=event.reversal)
    raise TypeError(f"{type(event).__name__} is nothing that an order hears")


def _of_subscription(event: ports.PaymentEvent, whose: dict[str, Any], expired: dict[str, int]) -> Command:
    match event:
        case ports.InvoicePaid():
            names = ("reference", "invoice", "payment", "amount", "currency", "livemode", "period_start", "period_end")
            return subscriptions.PayPeriod(**whose, **_fields(event, *names))
        case ports.InvoiceFailed():
            return subscriptions.FailPeriod(**whose, invoice=event.invoice, at=event.at)
        case ports.SubscriptionChanged():
            said = _fields(event, "reference", "cancel_at_period_end", "at")
            return subscriptions.ChangeSubscription(**whose, **said, status=STATUSES.get(event.status, event.status))
        case ports.CheckoutExpired():
            return subscriptions.EndSubscription(**whose, cause="expired")
        case ports.PaymentReversed():
            said = _fields(event, "payment", "reversal", "kind", "total", "currency", "livemode")
            return subscriptions.ReversePeriod(**whose, **said, expired=expired)
        case ports.ReversalUndone():
            return subscriptions.UndoPeriodReversal(**whose, payment=event.payment, reversal=event.reversal)
    raise TypeError(f"{type(event).__name__} is nothing that a subscription hears")


def _fields(event: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}
