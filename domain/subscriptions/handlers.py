"""Each command of a subscription: its streams, and what it decides. Credits move in the same commit as the subscription."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid5

from domain.credits.credit_account import CreditAccount
from domain.kernel.commands import Command, Decision, Handler, Need, Streams
from domain.kernel.ids import credit_stream
from domain.payments import shares
from domain.payments.checks import check_same
from domain.payments.refusals import PaymentTaken
from domain.subscriptions import commands, refusals
from domain.subscriptions.subscription import Subscription


def _needs_subscription(command: Any) -> Sequence[Need]:
    return [Need(Subscription, command.subscription_id)]


def _needs_both(command: Any) -> Sequence[Need]:
    return [Need(Subscription, command.subscription_id), Need(CreditAccount, credit_stream(command.account_id))]


def _request(command: commands.RequestSubscription, streams: Streams, now: datetime) -> Decision:
    subscription = Subscription.request(command, now=now)
    decision = _decided(command, subscription)
    decision.taken = [(subscription.claim, subscription.id)]
    decision.when_taken = refusals.SubscriptionExists
    return decision


def _change(act: Callable[[Subscription, Any, datetime], None]) -> Handler:
    """A handler that changes nothing but the subscription, and frees its account for another one when that ended it."""

    def decide(command: Any, streams: Streams, now: datetime) -> Decision:
        subscription = Subscription.of(streams, command.subscription_id, command.account_id)
        had_claim = subscription.has_claim
        act(subscription, command, now)
        decision = _decided(command, subscription)
        decision.freed = [subscription.claim] if had_claim and not subscription.has_claim else []
        return decision

    return Handler(_needs_subscription, decide)


def _open_checkout(subscription: Subscription, command: commands.OpenSubscriptionCheckout, now: datetime) -> None:
    subscription.open_checkout(reference=command.reference, sealed_url=command.sealed_url, expires_at=command.expires_at, now=now)


def _pay(command: commands.PayPeriod, streams: Streams, now: datetime) -> Decision:
    """Granted with the payment, or not at all. A payment that is heard after its period lapses at once."""
    subscription = Subscription.of(streams, command.subscription_id, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    decision = _decided(command, subscription, credits)
    if subscription.check_period(command):
        _grant_period(subscription, credits, command, now)
        references = dict.fromkeys(name for name in (command.invoice, command.payment) if name is not None)
        decision.taken = [(f"period:{reference}", subscription.id) for reference in references]
        decision.when_taken = lambda: PaymentTaken(reference=command.invoice)
    return decision


def _renew(command: commands.RenewSubscription, streams: Streams, now: datetime) -> Decision:
    """Decides on the stream as it is now, so that a cancel of the last moment counts, and any number of schedulers acts once."""
    subscription = Subscription.of(streams, command.subscription_id, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    decision = _decided(command, subscription, credits)
    end = subscription.period_end
    if subscription.ended is not None or end is None or end > now:
        return decision
    if subscription.cancel_at_period_end:
        decision.freed = [subscription.claim] if subscription.has_claim else []
        subscription.end("period_end", now=now)
        return decision
    paid = subscription.next_period(seconds=command.period_seconds, now=now)
    _grant_period(subscription, credits, paid, now)
    decision.taken = [(f"period:{paid.invoice}", subscription.id)]
    return decision


def _grant_period(subscription: Subscription, credits: CreditAccount, paid: commands.PayPeriod, now: datetime) -> None:
    grant_id = uuid5(subscription.id, paid.invoice)
    credits.grant(
        grant_id,
        source=subscription.source,
        amount=subscription.credits,
        priority=0,
        expires_at=paid.period_end,
        order_id=subscription.id,
        now=now,
    )
    credits.expire_due(now=now)
    subscription.pay_period(paid, grant_id=grant_id, now=now)


def _reverse(command: commands.ReversePeriod, streams: Streams, now: datetime) -> Decision:
    subscription = Subscription.of(streams, command.subscription_id, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    check_same(subscription, command, "livemode", "currency")
    invoice, period = subscription.period_of(command.payment)
    if shares.says_new(period, command.reversal, command.total):
        paid = shares.with_reversal(period, command.reversal, kind=command.kind, total=command.total)
        taken = shares.take_back(credits, paid, kind=command.kind, source=subscription.source, expired=command.expired, now=now)
        subscription.reverse(invoice, command, taken, now=now)
    return _decided(command, subscription, credits)


def _undo(command: commands.UndoPeriodReversal, streams: Streams, now: datetime) -> Decision:
    subscription = Subscription.of(streams, command.subscription_id, command.account_id)
    credits = CreditAccount.among(streams, command.account_id)
    invoice, period = subscription.period_of(command.payment)
    if not shares.is_undone(period, command.reversal):
        given = shares.give_back(credits, period, command.reversal, stream=subscription.id, source=subscription.source, now=now)
        subscription.undo_reversal(invoice, command.reversal, credits=given, now=now)
    return _decided(command, subscription, credits)


def _decided(command: Any, *saved: Any) -> Decision:
    return Decision(account_id=command.account_id, saved=saved, result={"subscription_id": str(command.subscription_id)})


HANDLERS: dict[type[Command], Handler] = {
    commands.CancelSubscription: _change(lambda subscription, c, now: subscription.request_cancel(now=now)),
    commands.ChangeSubscription: _change(lambda subscription, c, now: subscription.change(c, now=now)),
    commands.EndSubscription: _change(lambda subscription, c, now: subscription.end(c.cause, now=now)),
    commands.FailPeriod: _change(lambda subscription, c, now: subscription.fail_period(c.invoice, at=c.at, now=now)),
    commands.OpenSubscriptionCheckout: _change(_open_checkout),
    commands.PayPeriod: Handler(_needs_both, _pay),
    commands.RenewSubscription: Handler(_needs_both, _renew),
    commands.RequestSubscription: Handler(lambda command: [], _request),
    commands.ReversePeriod: Handler(_needs_both, _reverse),
    commands.UndoPeriodReversal: Handler(_needs_both, _undo),
}
