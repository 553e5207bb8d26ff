"""A subscription: a plan, its paid periods, and how the payment service sees it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.facts import when
from domain.payments import shares
from domain.payments.bought import Bought
from domain.payments.checks import check_same
from domain.payments.refusals import ReversalUnknown
from domain.payments.shares import Taken
from domain.subscriptions import commands, events, refusals
from domain.subscriptions.periods import following

#: It ended without money; should money come all the same, it begins.
NEVER_PAID = frozenset({"abandoned", "expired"})


def claim_of(account_id: UUID) -> str:
    """The unique claim of an account's subscription that has not ended."""
    return f"subscription:{account_id}"


class Subscription(Bought):
    """Stream id: the subscription's id. `periods`: invoice -> payment (see `domain.payments.shares`) with its times."""

    TOPIC = "subscriptions.subscription"
    ASKED = ("account_id", "plan", "credits", "amount", "currency", "price_version", "provider", "livemode", "sealed_urls")
    NOT_FOUND = refusals.SubscriptionNotFound
    SOURCE = "subscription"

    plan: str

    def __init__(self) -> None:
        super().__init__()
        #: It is its account's one subscription: from its request to its end. One that begins after its end shares the account.
        self.has_claim = True
        self.checkout: str | None = None
        self.periods: dict[str, dict[str, Any]] = {}
        self.anchor: datetime | None = None
        self.period_start: datetime | None = None
        self.period_end: datetime | None = None
        self.past_due = False
        self.seen_at: datetime | None = None
        self.cancel_requested_at: datetime | None = None
        self.cancel_at_period_end = False
        self.ended: str | None = None
        self.ended_at: datetime | None = None

    @classmethod
    def request(cls, command: commands.RequestSubscription, *, now: datetime) -> "Subscription":
        return cls._asked(events.SubscriptionRequested, command.subscription_id, command, now=now)

    @property
    def status(self) -> str:
        """pending, active, past_due or canceled."""
        if self.ended is not None:
            return "canceled"
        if not self.periods:
            return "pending"
        return "past_due" if self.past_due else "active"

    @property
    def page(self) -> str | None:
        """The payment service's name of the page on which it begins, once that is there."""
        return self.checkout

    @property
    def claim(self) -> str:
        """One subscription an account, while it has not ended."""
        return claim_of(self.account_id)

    def first_period(self, *, seconds: int | None, now: datetime) -> commands.PayPeriod:
        """At the test till: the subscriber says that it is paid. The period begins now; see `periods.following`."""
        start, end = following(now, anchor=now, seconds=seconds, now=now)
        return self.rehearsed("first", start, end)

    def next_period(self, *, seconds: int | None, now: datetime) -> commands.PayPeriod:
        """At the test till: the period after the one that is over."""
        assert self.period_end is not None and self.anchor is not None, "a period was paid"
        start, end = following(self.period_end, anchor=self.anchor, seconds=seconds, now=now)
        return self.rehearsed(f"{start.timestamp():.0f}", start, end)

    def rehearsed(self, name: str, start: datetime, end: datetime) -> commands.PayPeriod:
        return commands.PayPeriod(
            subscription_id=self.id,
            account_id=self.account_id,
            reference=f"test_{self.id}",
            invoice=f"test_{self.id}_{name}",
            payment=None,
            amount=self.amount,
            currency=self.currency,
            livemode=self.livemode,
            period_start=start,
            period_end=end,
        )

    def open_checkout(self, *, reference: str, sealed_url: str, expires_at: datetime, now: datetime) -> None:
        """The first page stays."""
        if self.checkout is None and self.status == "pending":
            self.record(events.SubscriptionCheckoutOpened, now=now, reference=reference, sealed_url=sealed_url, expires_at=expires_at)

    def check_period(self, heard: commands.PayPeriod) -> bool:
        """False when this invoice was heard before.   Raises PaymentMismatch."""
        check_same(self, heard, "livemode", "currency", "amount")
        return heard.invoice not in self.periods

    def pay_period(self, heard: commands.PayPeriod, *, grant_id: UUID, now: datetime) -> None:
        self.record(
            events.PeriodPaid,
            now=now,
            reference=heard.reference,
            invoice=heard.invoice,
            payment=heard.payment,
            amount=heard.amount,
            currency=heard.currency,
            period_start=heard.period_start,
            period_end=heard.period_end,
            grant_id=grant_id,
            credits=self.credits,
        )

    def fail_period(self, invoice: str, *, at: datetime, now: datetime) -> None:
        """Says nothing new when the invoice was paid meanwhile, or the payment service has said something later."""
        stale = self.seen_at is not None and at < self.seen_at
        if self.status in ("active", "past_due") and invoice not in self.periods and not stale and not self.past_due:
            self.record(events.PeriodUnpaid, now=now, invoice=invoice, at=at)

    def request_cancel(self, *, now: datetime) -> None:
        """What is paid for stays; what was never paid ends now."""
        if self.status == "pending":
            self.end("abandoned", now=now)
        elif self.status != "canceled" and not self.cancel_at_period_end:
            self.record(events.SubscriptionCancelRequested, now=now)

    def change(self, heard: commands.ChangeSubscription, *, now: datetime) -> None:
        """An older word never overrides a newer one; canceled is final, whenever it is heard."""
        if heard.status == "canceled":
            self.end("canceled", now=now)
        elif self.ended is None and not (self.seen_at is not None and heard.at < self.seen_at) and self._says_new(heard):
            self.record(
                events.SubscriptionChanged,
                now=now,
                reference=heard.reference,
                status=heard.status,
                cancel_at_period_end=heard.cancel_at_period_end,
                at=heard.at,
            )

    def end(self, cause: str, *, now: datetime) -> None:
        """A page that expired ends nothing that was paid."""
        if self.ended is None and not (cause in NEVER_PAID and self.periods):
            self.record(events.SubscriptionEnded, now=now, cause=cause)

    def period_of(self, payment: str) -> tuple[str, dict[str, Any]]:
        """The invoice that *payment* paid, and its period.   Raises ReversalUnknown."""
        for invoice, period in self.periods.items():
            if payment in (period["payment"], invoice):
                return invoice, period
        raise ReversalUnknown(payment=payment)

    def reverse(self, invoice: str, heard: commands.ReversePeriod, taken: list[Taken], *, now: datetime) -> None:
        self.record(
            events.PeriodReversed,
            now=now,
            invoice=invoice,
            reversal=heard.reversal,
            kind=heard.kind,
            total=heard.total,
            taken=taken,
        )

    def undo_reversal(self, invoice: str, reversal: str, *, credits: int, now: datetime) -> None:
        """`credits` were granted again."""
        self.record(
            events.PeriodReversalUndone,
            now=now,
            invoice=invoice,
            reversal=reversal,
            credits=credits,
            grant_id=shares.given_back(self.id, reversal) if credits else None,
            expires_at=shares.valid_until(self.periods[invoice]["grants"], now) if credits else None,
        )

    def _says_new(self, heard: commands.ChangeSubscription) -> bool:
        return (
            heard.reference != self.reference
            or heard.cancel_at_period_end != self.cancel_at_period_end
            or (heard.status == "past_due") != self.past_due
        )

    @when(events.SubscriptionRequested)
    def _requested(self, fact: events.SubscriptionRequested) -> None:
        self._keep_asked(fact)

    @when(events.SubscriptionCheckoutOpened)
    def _checkout_opened(self, fact: events.SubscriptionCheckoutOpened) -> None:
        self.checkout, self.sealed_url, self.checkout_expires_at = fact.reference, fact.sealed_url, fact.expires_at

    @when(events.PeriodPaid)
    def _period_paid(self, fact: events.PeriodPaid) -> None:
        if self.ended in NEVER_PAID:
            self.ended = self.ended_at = None
        self.periods[fact.invoice] = {
            "payment": fact.payment,
            "amount": fact.amount,
            "credits": fact.credits,
            "grants": [shares.grant_of(fact.grant_id, fact.credits, fact.period_end)],
            "reversals": {},
        }
        self.reference = fact.reference
        self.anchor = self.anchor or fact.period_start
        if self.period_end is None or fact.period_end > self.period_end:
            self.period_start, self.period_end, self.past_due = fact.period_start, fact.period_end, False

    @when(events.PeriodUnpaid)
    def _period_unpaid(self, fact: events.PeriodUnpaid) -> None:
        self.past_due, self.seen_at = True, fact.at

    @when(events.SubscriptionCancelRequested)
    def _cancel_requested(self, fact: events.SubscriptionCancelRequested) -> None:
        self.cancel_at_period_end, self.cancel_requested_at = True, fact.timestamp

    @when(events.SubscriptionChanged)
    def _changed(self, fact: events.SubscriptionChanged) -> None:
        self.reference, self.seen_at = fact.reference, fact.at
        self.past_due = fact.status == "past_due"
        # What its owner asked for later than this word was said stays.
        if fact.cancel_at_period_end or self.cancel_requested_at is None or fact.at > self.cancel_requested_at:
            self.cancel_at_period_end = fact.cancel_at_period_end

    @when(events.SubscriptionEnded)
    def _ended(self, fact: events.SubscriptionEnded) -> None:
        self.ended, self.ended_at, self.has_claim = fact.cause, fact.timestamp, False

    @when(events.PeriodReversed)
    def _period_reversed(self, fact: events.PeriodReversed) -> None:
        shares.note_reversal(self.periods[fact.invoice], fact)

    @when(events.PeriodReversalUndone)
    def _period_reversal_undone(self, fact: events.PeriodReversalUndone) -> None:
        shares.note_undone(self.periods[fact.invoice], fact)
