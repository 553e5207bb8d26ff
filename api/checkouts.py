"""What purchases and subscriptions share: the payment method, where the buyer is sent afterwards, and opening the page."""

from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from api.kit.call import Call
from domain.kernel.commands import Command, Context
from domain.kernel.facts import Fact
from domain.kernel.ids import command_of_cause
from domain.orders.commands import OpenCheckout
from domain.orders.order import Order
from domain.orders.refusals import MethodNotOffered, UrlRefused
from domain.payments.ports import CheckoutOrder
from domain.subscriptions.commands import OpenSubscriptionCheckout
from domain.subscriptions.subscription import Subscription

#: A page stays open for a little less than payment services allow (24 h), so that clocks may differ.
OPEN_FOR = timedelta(hours=23)
ON_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class Returns(msgspec.Struct, frozen=True, kw_only=True):
    """Where the buyer is sent after the page."""

    success_url: str
    cancel_url: str


class Asked(Protocol):
    """What both bodies have."""

    @property
    def method(self) -> str | None: ...

    @property
    def success_url(self) -> str | None: ...

    @property
    def cancel_url(self) -> str | None: ...


def check_method(call: Call, asked: Asked) -> None:
    """Raises MethodNotOffered."""
    offered = call.platform.payments.name
    if asked.method not in (None, offered):
        raise MethodNotOffered(offered=offered, errors=[("/method", f"must be {offered} or left out")])


async def sealed_returns(call: Call, asked: Asked) -> str:
    """The two URLs, checked and sealed; our own documents where none was given.   Raises UrlRefused."""
    urls = {}
    for field in Returns.__struct_fields__:
        given = getattr(asked, field)
        urls[field] = call.url("/docs") if given is None else checked_url(field, given)
    key = await call.platform.vault.key(call.account_id)
    return key.seal(msgspec.json.encode(Returns(**urls)).decode())


def checked_url(field: str, url: str) -> str:
    """An absolute https address without credentials; http only on the buyer's own machine.   Raises UrlRefused."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(field, "is not an address") from None
    # A browser reads a backslash as a slash, so the place would be another than the one that was looked at.
    if any(not character.isprintable() or character.isspace() or character == "\\" for character in url) or not host:
        raise _refused(field, "must be an absolute address")
    if parts.username is not None or parts.password is not None:
        raise _refused(field, "must not hold a user name or a password")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in ON_THIS_MACHINE):
        raise _refused(field, "must begin with https:// (http:// only for localhost)")
    return url


async def open_order(call: Call, order: Order) -> None:
    """Open the page of *order* if it has none. The first answer that was lost here is made up for by the next.

    Raises PaymentsUnavailable, PaymentsRefused.
    """
    if order.reference is not None or order.status != "pending":
        return
    asked = await _asked(call, order, f"{order.credits} credits", "order")
    page = await call.platform.payments.checkout(asked)
    key = await call.platform.vault.key(order.account_id)
    command = OpenCheckout(
        order_id=order.id,
        account_id=order.account_id,
        reference=page.reference,
        sealed_url=key.seal(page.url),
        expires_at=page.expires_at,
    )
    await _execute(call, command, f"checkout:{order.id}")


async def open_subscription(call: Call, subscription: Subscription) -> None:
    """As `open_order`."""
    if subscription.checkout is not None or subscription.status != "pending":
        return
    asked = await _asked(call, subscription, f"{subscription.credits} credits a month", "subscription")
    page = await call.platform.payments.subscribe(asked)
    key = await call.platform.vault.key(subscription.account_id)
    command = OpenSubscriptionCheckout(
        subscription_id=subscription.id,
        account_id=subscription.account_id,
        reference=page.reference,
        sealed_url=key.seal(page.url),
        expires_at=page.expires_at,
    )
    await _execute(call, command, f"checkout:{subscription.id}")


async def opened_at(call: Call, stream: UUID, fact: type[Fact], *, otherwise: int) -> int:
    """The position of *fact* in the stream: the answer shows what was sold as of then, the first time and every time."""
    positions = [event.position for event in await call.platform.journal.stream(stream) if event.topic == fact.TOPIC]
    return positions[0] if positions else otherwise


async def _asked(call: Call, bought: Order | Subscription, title: str, purpose: str) -> CheckoutOrder:
    key = await call.platform.vault.key(bought.account_id)
    returns = msgspec.json.decode(key.open(bought.sealed_urls), type=Returns)
    return CheckoutOrder(
        purpose=purpose,  # type: ignore[arg-type]
        id=bought.id,
        account_id=bought.account_id,
        title=title,
        amount=bought.amount,
        currency=bought.currency,
        success_url=returns.success_url,
        cancel_url=returns.cancel_url,
        # Fixed by the order, so that a repeat asks for the very same page.
        expires_at=bought.created_on + OPEN_FOR,
        monthly=purpose == "subscription",
    )


async def _execute(call: Call, command: Command, cause: str) -> None:
    context = Context(actor=f"account:{call.account}", now=call.now, command_id=command_of_cause(cause), correlation=call.request_id)
    await call.platform.journal.execute(command, context)


def _refused(field: str, sentence: str) -> UrlRefused:
    return UrlRefused(field=field, reason=sentence, errors=[(f"/{field}", sentence)])
