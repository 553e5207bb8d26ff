"""The port `Payments`, on Stripe."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.payments.ports import Checkout, CheckoutOrder, MessageUnreadable, PaymentEvent, PaymentsRefused, PaymentsUnavailable
from domain.payments.refusals import PaymentMismatch
from infra.payments.stripe import wire
from infra.payments.stripe.client import StripeClient
from infra.payments.stripe.failures import RETRY_AFTER_SECONDS
from infra.payments.stripe.forms import checkout_form
from infra.payments.stripe.hearing import LOOKS, Hearing
from infra.payments.stripe.signature import HEADER, check_signature

#: Keys of Stripe say by their beginning whether their money is real.
LIVE_KEYS = ("sk_live_", "rk_live_")
#: For all that is read because of one message: Stripe does not wait for ever, and sends it again.
HEARING_SECONDS = 18


class StripePayments:
    """*webhook_secrets*: any of them may have signed a message, so that one can be exchanged for another."""

    name = "stripe"

    def __init__(self, *, secret_key: str, webhook_secrets: Sequence[str], base: str, **limits: Any) -> None:
        self.livemode = secret_key.startswith(LIVE_KEYS)
        self._webhook_secrets = tuple(webhook_secrets)
        self._client = StripeClient(secret_key=secret_key, base=base, **limits)

    async def close(self) -> None:
        await self._client.close()

    async def checkout(self, order: CheckoutOrder) -> Checkout:
        return await self._open(order)

    async def subscribe(self, order: CheckoutOrder) -> Checkout:
        return await self._open(order)

    async def _open(self, order: CheckoutOrder) -> Checkout:
        """The key is the order's, so a repeat, also by another process, opens no second page."""
        session = await self._client.post(
            "checkout/sessions", wire.Session, checkout_form(order), key=f"daybook:{order.purpose}:{order.id}"
        )
        if session.url is None:
            raise PaymentsRefused(reason="the page is closed already.")
        expires_at = order.expires_at if session.expires_at is None else datetime.fromtimestamp(session.expires_at, UTC)
        return Checkout(reference=session.id, url=session.url, expires_at=expires_at)

    async def cancel_at_period_end(self, reference: str) -> None:
        """Of a subscription, or of the page of one that has not begun: then the page is closed, so that it never begins."""
        if not reference.startswith("cs_"):
            # A key of its own each time: what was asked for last year must not be taken for a repeat of this.
            await self._client.post(
                f"subscriptions/{reference}", wire.Subscription, {"cancel_at_period_end": "true"}, key=_new_key("cancel", reference)
            )
            return
        session = await self._client.get(f"checkout/sessions/{reference}", wire.Session)
        if session.status == "open":
            await self._client.post(f"checkout/sessions/{reference}/expire", wire.Session, {}, key=_new_key("expire", reference))
        elif session.subscription is not None:
            await self.cancel_at_period_end(session.subscription)

    async def heard(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> Sequence[PaymentEvent]:
        check_signature(headers.get(HEADER), raw, secrets=self._webhook_secrets, now=now)
        try:
            event = wire.read(raw, wire.Event)
        except wire.Unreadable as error:
            raise MessageUnreadable() from error
        if event.type in LOOKS and event.livemode != self.livemode:
            raise PaymentMismatch(what="livemode", expected=self.livemode, found=event.livemode)
        try:
            async with asyncio.timeout(HEARING_SECONDS):
                return await Hearing(self._client, event, now=now).events()
        except wire.Unreadable as error:
            raise MessageUnreadable() from error
        except TimeoutError as error:
            raise PaymentsUnavailable(retry_after=RETRY_AFTER_SECONDS) from error


def _new_key(act: str, reference: str) -> str:
    return f"daybook:{act}:{reference}:{secrets.token_hex(8)}"
