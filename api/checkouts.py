"""What purchases and subscriptions share: price and payment method, the page where they are paid, and whose they are."""

from datetime import timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from api.kit.call import Call
from api.kit.refusals import NotFound
from domain.kernel.commands import Command, Context, Receipt
from domain.kernel.ids import command_of_cause
from domain.orders.commands import OpenCheckout
from domain.orders.events import OrderCheckoutOpened
from domain.orders.order import Order
from domain.orders.refusals import MethodNotOffered, UrlRefused
from domain.payments.ports import TEST, CheckoutOrder
from domain.payments.price_book import Package, Plan
from domain.ports import SubjectKey
from domain.subscriptions.commands import OpenSubscriptionCheckout
from domain.subscriptions.events import SubscriptionCheckoutOpened
from domain.subscriptions.subscription import Subscription
from projections.payments.bought import BoughtTable, Row

#: A page stays open for a little less than payment services allow (24 h), so that clocks may differ.
OPEN_FOR = timedelta(hours=23)
OPENED = frozenset({OrderCheckoutOpened.TOPIC, SubscriptionCheckoutOpened.TOPIC})
ON_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})

Thing = TypeVar("Thing", Order, Subscription)


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


async def priced(call: Call, asked: Asked, offer: Package | Plan) -> dict[str, Any]:
    """The fields that both commands have: what *offer* costs now, and where the money goes.   Raises UrlRefused."""
    payments = call.platform.payments
    return {
        "account_id": call.account_id,
        "credits": offer.credits,
        "amount": offer.amount,
        "currency": offer.currency,
        "price_version": call.platform.price_books.now.version,
        "provider": payments.name,
        "livemode": payments.livemode,
        "sealed_urls": await sealed_returns(call, asked),
    }


async def own(call: Call, kind: type[Thing], id: UUID, *, until: int | None = None) -> Thing:
    """The caller's own order or subscription, as of now or of position *until*.   Raises OrderNotFound, SubscriptionNotFound."""
    found = await call.platform.journal.load(kind, id, until=until)
    if found is None or found.account_id != call.account_id:
        raise kind.NOT_FOUND()
    return found


async def own_row(call: Call, table: BoughtTable[Row], id: UUID) -> Row | None:
    """The caller's own row; None when there is none, or the read model is behind."""
    if call.behind:
        return None
    async with call.platform.reads.connection() as connection:
        return await table.one(connection, call.account_id, id)


async def at_the_till(call: Call, kind: type[Thing], id: UUID) -> Thing:
    """What is to be paid at the test till. Where real money is taken that does not exist.   Raises NotFound."""
    if call.platform.payments.name != TEST:
        raise NotFound()
    found = await own(call, kind, id)
    if found.provider != TEST:
        raise NotFound()
    return found


async def with_page(call: Call, kind: type[Thing], id: UUID, receipt: Receipt) -> tuple[Thing, int]:
    """What was asked for as it was when its page was opened, and the position of that: the same the first time and every time.

    The page is opened if there is none: a first answer that was lost here is made up for by the next.
    Raises PaymentsUnavailable, PaymentsRefused.
    """
    await _open_page(call, await own(call, kind, id))
    opened = [event.position for event in await call.platform.journal.stream(id) if event.topic in OPENED]
    at = opened[0] if opened else receipt.position
    return await own(call, kind, id, until=at), at


async def _open_page(call: Call, bought: Order | Subscription) -> None:
    if bought.page is not None or bought.status != "pending":
        return
    key, payments = await call.platform.vault.key(bought.account_id), call.platform.payments
    monthly = isinstance(bought, Subscription)
    page = await (payments.subscribe if monthly else payments.checkout)(_asked(bought, key))
    fields: dict[str, Any] = {
        "account_id": bought.account_id,
        "reference": page.reference,
        "sealed_url": key.seal(page.url),
        "expires_at": page.expires_at,
    }
    command = OpenSubscriptionCheckout(subscription_id=bought.id, **fields) if monthly else OpenCheckout(order_id=bought.id, **fields)
    await _execute(call, command, f"checkout:{bought.id}")


def _asked(bought: Order | Subscription, key: SubjectKey) -> CheckoutOrder:
    monthly = isinstance(bought, Subscription)
    returns = msgspec.json.decode(key.open(bought.sealed_urls), type=Returns)
    return CheckoutOrder(
        purpose="subscription" if monthly else "order",
        id=bought.id,
        account_id=bought.account_id,
        title=f"{bought.credits} credits a month" if monthly else f"{bought.credits} credits",
        amount=bought.amount,
        currency=bought.currency,
        success_url=returns.success_url,
        cancel_url=returns.cancel_url,
        # Fixed by the order, so that a repeat asks for the very same page.
        expires_at=bought.created_on + OPEN_FOR,
        monthly=monthly,
    )


async def _execute(call: Call, command: Command, cause: str) -> None:
    context = Context(actor=f"account:{call.account}", now=call.now, command_id=command_of_cause(cause), correlation=call.request_id)
    await call.platform.journal.execute(command, context)


def _refused(field: str, sentence: str) -> UrlRefused:
    return UrlRefused(field=field, reason=sentence, errors=[(f"/{field}", sentence)])
