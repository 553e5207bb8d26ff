"""Messages: which types matter, and what follows from the thing they are about as it is now."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from domain.payments import ports
from domain.payments.ports import PaymentEvent
from infra.payments.stripe import wire
from infra.payments.stripe.client import StripeClient
from infra.payments.stripe.forms import owner_of

PAGE = "100"
EXPAND_PAYMENT = {"expand[]": "payment_intent"}
#: An invoice for anything else (a changed plan, a manual one) is no period.
PERIODS = frozenset({"subscription_create", "subscription_cycle"})
STATUSES: dict[wire.SubscriptionStatus, ports.SubscriptionStatus] = {
    "active": "active",
    "canceled": "canceled",
    "incomplete": "incomplete",
    "incomplete_expired": "canceled",
    "past_due": "past_due",
    "paused": "paused",
    "trialing": "active",
    "unpaid": "unpaid",
}


class Hearing:
    """One message: its type, when we heard it, and the means to look."""

    def __init__(self, client: StripeClient, event: wire.Event, *, now: datetime) -> None:
        self.client, self.event, self.now = client, event, now

    async def events(self) -> Sequence[PaymentEvent]:
        """Nothing for a type that does not matter.   Raises Unreadable, PaymentsUnavailable, PaymentsRefused."""
        look = LOOKS.get(self.event.type)
        if look is None:
            return ()
        return await look(self, wire.read(self.event.data.object, wire.Thing).id)

    async def session(self, id: str) -> Sequence[PaymentEvent]:
        session = await self.client.get(f"checkout/sessions/{id}", wire.Session)
        owner = owner_of(session.metadata)
        if owner is None:
            return ()
        purpose, owned = owner
        if session.status == "expired":
            return [ports.CheckoutExpired(livemode=session.livemode, purpose=purpose, id=owned, reference=id)]
        if purpose == "subscription" or session.status != "complete":
            # A subscription gives credits for its paid invoices only.
            return ()
        if session.payment_status != "unpaid":
            return [
                ports.PaymentSettled(
                    livemode=session.livemode,
                    order_id=owned,
                    reference=id,
                    payment=session.payment_intent,
                    amount=session.amount_total or 0,
                    currency=(session.currency or "").upper(),
                )
            ]
        if self.event.type == "checkout.session.async_payment_failed":
            return [ports.PaymentFailed(livemode=session.livemode, order_id=owned, reference=id)]
        return ()

    async def charge(self, id: str) -> Sequence[PaymentEvent]:
        """All refunds of a charge, one by one: a charge only knows their sum."""
        form = {"charge": id, "limit": PAGE, "expand[]": "data.payment_intent"}
        found: list[PaymentEvent] = []
        while True:
            page = await self.client.get("refunds", wire.Refunds, form)
            for refund in page.data:
                found += await self._refunded(refund)
            if not (page.has_more and page.data):
                return found
            form["starting_after"] = page.data[-1].id

    async def refund(self, id: str) -> Sequence[PaymentEvent]:
        return await self._refunded(await self.client.get(f"refunds/{id}", wire.Refund, EXPAND_PAYMENT))

    async def _refunded(self, refund: wire.Refund) -> Sequence[PaymentEvent]:
        undone = refund.status in ("failed", "canceled")
        return await self._reversed(refund, "refund", self.event.livemode, ports.RefundFailed if undone else None)

    async def dispute(self, id: str) -> Sequence[PaymentEvent]:
        dispute = await self.client.get(f"disputes/{id}", wire.Dispute, EXPAND_PAYMENT)
        if dispute.status == "prevented" or dispute.status.startswith("warning_"):
            # The bank only asks; no money has moved.
            return ()
        return await self._reversed(dispute, "dispute", dispute.livemode, ports.DisputeWon if dispute.status == "won" else None)

    async def _reversed(
        self, thing: wire.Refund | wire.Dispute, kind: ports.ReversalKind, livemode: bool, undone: type[ports.ReversalUndone] | None
    ) -> Sequence[PaymentEvent]:
        payment = thing.payment_intent
        whose = await self._whose(payment) if payment else None
        if payment is None or whose is None:
            return ()
        purpose, owned, before = whose
        if undone is not None:
            return [*before, undone(livemode=livemode, reversal=thing.id, payment=payment.id, purpose=purpose, id=owned)]
        taken = ports.PaymentReversed(
            livemode=livemode,
            kind=kind,
            reversal=thing.id,
            payment=payment.id,
            total=thing.amount,
            currency=thing.currency.upper(),
            purpose=purpose,
            id=owned,
        )
        return [*before, taken]

    async def _whose(self, payment: wire.PaymentIntent) -> tuple[ports.Purpose, UUID, Sequence[PaymentEvent]] | None:
        """Whose payment it was, and what is to be taken before; None: not ours.

        An order's payment names it. That of an invoice names nothing, so its invoice is looked for; and the period is told
        first, lest we have not heard of it yet, so that there is something to take back.
        """
        if (owner := owner_of(payment.metadata)) is not None:
            return *owner, ()
        form = {"payment[type]": "payment_intent", "payment[payment_intent]": payment.id, "limit": PAGE}
        for row in (await self.client.get("invoice_payments", wire.InvoicesOfPayment, form)).data:
            for period in await self.invoice(row.invoice):
                if isinstance(period, ports.InvoicePaid):
                    return "subscription", period.subscription_id, [period]
        return None

    async def invoice(self, id: str) -> Sequence[PaymentEvent]:
        invoice = await self.client.get(f"invoices/{id}", wire.Invoice, {"expand[]": "payments"})
        details = invoice.parent.subscription_details if invoice.parent else None
        owner = owner_of(details.metadata) if details else None
        if details is None or owner is None or invoice.billing_reason not in PERIODS:
            return ()
        if invoice.status == "paid":
            if not invoice.lines.data:
                raise ports.PaymentsRefused(reason="it names an invoice without lines.")
            # The latest, should Stripe add a line for something else.
            period = max((line.period for line in invoice.lines.data), key=lambda period: period.end)
            return [
                ports.InvoicePaid(
                    livemode=invoice.livemode,
                    subscription_id=owner[1],
                    reference=details.subscription,
                    invoice=id,
                    payment=next((each.payment.payment_intent for each in invoice.payments.data if each.status == "paid"), None),
                    amount=invoice.amount_paid,
                    currency=invoice.currency.upper(),
                    period_start=datetime.fromtimestamp(period.start, UTC),
                    period_end=datetime.fromtimestamp(period.end, UTC),
                )
            ]
        if self.event.type in FAILURES and invoice.status in ("open", "uncollectible"):
            return [
                ports.InvoiceFailed(
                    livemode=invoice.livemode, subscription_id=owner[1], reference=details.subscription, invoice=id, at=self.now
                )
            ]
        return ()

    async def subscription(self, id: str) -> Sequence[PaymentEvent]:
        found = await self.client.get(f"subscriptions/{id}", wire.Subscription)
        owner = owner_of(found.metadata)
        if owner is None:
            return ()
        return [
            ports.SubscriptionChanged(
                livemode=found.livemode,
                subscription_id=owner[1],
                reference=id,
                event=self.event.id,
                status=STATUSES[found.status],
                cancel_at_period_end=found.cancel_at_period_end or found.cancel_at is not None,
                at=self.now,
            )
        ]


Look = Callable[[Hearing, str], Awaitable[Sequence[PaymentEvent]]]
FAILURES = frozenset({"invoice.payment_action_required", "invoice.payment_failed"})
#: The types that matter; the endpoint in Stripe's dashboard is set to these (docs/stripe.md).
LOOKS: dict[str, Look] = {
    "charge.dispute.closed": Hearing.dispute,
    "charge.dispute.created": Hearing.dispute,
    "charge.dispute.funds_reinstated": Hearing.dispute,
    "charge.dispute.funds_withdrawn": Hearing.dispute,
    "charge.dispute.updated": Hearing.dispute,
    "charge.refunded": Hearing.charge,
    "checkout.session.async_payment_failed": Hearing.session,
    "checkout.session.async_payment_succeeded": Hearing.session,
    "checkout.session.completed": Hearing.session,
    "checkout.session.expired": Hearing.session,
    "customer.subscription.created": Hearing.subscription,
    "customer.subscription.deleted": Hearing.subscription,
    "customer.subscription.paused": Hearing.subscription,
    "customer.subscription.resumed": Hearing.subscription,
    "customer.subscription.updated": Hearing.subscription,
    "invoice.paid": Hearing.invoice,
    "invoice.payment_action_required": Hearing.invoice,
    "invoice.payment_failed": Hearing.invoice,
    "refund.created": Hearing.refund,
    "refund.failed": Hearing.refund,
    "refund.updated": Hearing.refund,
}
