"""Each command of an order: its streams, and what it decides. Credits move in the same commit as the order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.credits.credit_account import CreditAccount
from domain.kernel.commands import Command, Decision, Handler, Need, Streams
from domain.kernel.ids import credit_stream
from domain.orders import commands
from domain.orders.order import Order
from domain.payments import shares
from domain.payments.refusals import PaymentTaken


def _needs_order(command: Any) -> Sequence[Need]:
    return [Need(Order, command.order_id)]


def _needs_both(command: Any) -> Sequence[Need]:
    return [Need(Order, command.order_id), Need(CreditAccount, credit_stream(command.account_id))]


def _place(command: commands.PlaceOrder, streams: Streams, now: datetime) -> Decision:
    order = Order.place(command, now=now)
    return _decided(command, order)


def _open_checkout(command: commands.OpenCheckout, streams: Streams, now: datetime) -> Decision:
    order = Order.of(streams, command.order_id, command.account_id)
    order.open_checkout(reference=command.reference, sealed_url=command.sealed_url, expires_at=command.expires_at, now=now)
    return _decided(command, order)


def _pay(command: commands.PayOrder, streams: Streams, now: datetime) -> Decision:
    """Granted with the payment, or not at all; and what went back before the payment was heard is taken at once."""
    order = Order.of(streams, command.order_id, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    if not order.check_payment(command):
        return _decided(command, order, credits)
    expires_at = now + timedelta(days=order.valid_days)
    credits.grant(
        order.id,
        source=order.source,
        amount=order.credits,
        priority=0,
        expires_at=expires_at,
        order_id=order.id,
        now=now,
    )
    paid = {**order.as_paid(), "grants": [shares.grant_of(order.id, order.credits, expires_at)]}
    kind = next((each["kind"] for each in order.reversals.values() if not each["undone"]), "refund")
    taken = shares.take_back(credits, paid, kind=kind, source=order.source, expired={}, now=now)
    order.pay(command, expires_at=expires_at, revoked=sum(part.amount for part in taken), now=now)
    references = dict.fromkeys(name for name in (command.reference, command.payment) if name is not None)
    decision = _decided(command, order, credits)
    decision.taken = [(f"payment:{reference}", order.id) for reference in references]
    decision.when_taken = lambda: PaymentTaken(reference=command.reference)
    return decision


def _cancel(command: commands.CancelOrder, streams: Streams, now: datetime) -> Decision:
    order = Order.of(streams, command.order_id, command.account_id)
    order.cancel(command.cause, now=now)
    return _decided(command, order)


def _reverse(command: commands.ReverseOrder, streams: Streams, now: datetime) -> Decision:
    order = Order.of(streams, command.order_id, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    if order.check_reversal(command):
        paid = shares.with_reversal(order.as_paid(), command.reversal, kind=command.kind, total=command.total)
        # Before the payment is heard nothing was granted, so nothing is taken; `_pay` will look.
        taken = (
            shares.take_back(credits, paid, kind=command.kind, source=order.source, expired=command.expired, now=now)
            if order.grants
            else []
        )
        order.reverse(command, taken, now=now)
    return _decided(command, order, credits)


def _undo(command: commands.UndoOrderReversal, streams: Streams, now: datetime) -> Decision:
    order = Order.of(streams, command.order_id, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    if not shares.is_undone(order.as_paid(), command.reversal):
        given = shares.give_back(credits, order.as_paid(), command.reversal, stream=order.id, source=order.source, now=now)
        order.undo_reversal(command.reversal, credits=given, now=now)
    return _decided(command, order, credits)


def _decided(command: Any, *saved: Any) -> Decision:
    return Decision(account_id=command.account_id, saved=saved, result={"order_id": str(command.order_id)})


HANDLERS: dict[type[Command], Handler] = {
    commands.CancelOrder: Handler(_needs_order, _cancel),
    commands.OpenCheckout: Handler(_needs_order, _open_checkout),
    commands.PayOrder: Handler(_needs_both, _pay),
    commands.PlaceOrder: Handler(lambda command: [], _place),
    commands.ReverseOrder: Handler(_needs_both, _reverse),
    commands.UndoOrderReversal: Handler(_needs_both, _undo),
}
