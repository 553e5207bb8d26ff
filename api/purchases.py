"""Buying packages of credits: the price list, purchases, and paying at the test till."""

from uuid import UUID

from api.checkouts import check_method, open_order, opened_at, sealed_returns
from api.kit.answer import Answer, created, ok
from api.kit.call import Call
from api.kit.refusals import NotFound
from api.listing import page_of
from api.shapes.purchases import NewPurchase, Packages, PurchaseQuery, placed_purchase, shown_package, shown_purchase
from domain.kernel.commands import Receipt
from domain.orders.commands import PlaceOrder
from domain.orders.events import OrderCheckoutOpened
from domain.orders.order import Order
from domain.orders.refusals import OrderClosed, OrderNotFound
from domain.payments.ports import TEST
from projections.orders.orders import OrderRow, order_of, page_of_orders, row_of

PATH = "/v1/credits/purchases/{id}"


async def packages(call: Call) -> Answer:
    """What can be bought once."""
    book = call.platform.price_books.now
    return ok(Packages(data=[shown_package(offer, book.version) for offer in book.packages], next_cursor=None))


async def buy(call: Call, body: NewPurchase) -> Answer:
    """Begin a purchase. It is paid on the page behind `checkout_url`; the credits come with the payment."""
    check_method(call, body)
    book, payments = call.platform.price_books.now, call.platform.payments
    offer = book.package(body.package)
    command = PlaceOrder(
        order_id=call.platform.ids.new(),
        account_id=call.account_id,
        package=offer.id,
        credits=offer.credits,
        amount=offer.amount,
        currency=offer.currency,
        valid_days=offer.valid_days,
        price_version=book.version,
        provider=payments.name,
        livemode=payments.livemode,
        sealed_urls=await sealed_returns(call, body),
    )
    return await call.execute(command, status=201)


async def bought(call: Call, receipt: Receipt) -> Answer:
    """As it was when its page was opened."""
    order_id = UUID(receipt.result["order_id"])
    await open_order(call, await own_order(call, order_id))
    at = await opened_at(call, order_id, OrderCheckoutOpened, otherwise=receipt.position)
    row = row_of(await own_order(call, order_id, until=at))
    key = await call.platform.vault.key(call.account_id)
    answer = created(placed_purchase(key, row, call.now, replayed=receipt.repeated), PATH.format(id=order_id))
    answer.position = at
    return answer


async def listed(call: Call, query: PurchaseQuery) -> Answer:
    """Your purchases, newest first."""
    key = await call.platform.vault.key(call.account_id)
    return await page_of(
        call, query, page_of_orders, lambda row: shown_purchase(key, row, call.now), account_id=call.account_id, statuses=query.status
    )


async def show(call: Call, id: UUID) -> Answer:
    """A purchase."""
    row = await _read(call, id)
    return ok(shown_purchase(await call.platform.vault.key(call.account_id), row, call.now))


async def pay(call: Call, id: UUID) -> Answer:
    """Pay a purchase at the test till. Where real money is taken this does not exist."""
    if call.platform.payments.name != TEST:
        raise NotFound()
    order = await own_order(call, id)
    if order.provider != TEST:
        raise NotFound()
    if order.status in ("canceled", "refunded"):
        raise OrderClosed(status=order.status)
    return await call.execute(order.rehearsed(), status=200)


async def paid(call: Call, receipt: Receipt) -> Answer:
    order = await own_order(call, UUID(receipt.result["order_id"]), until=receipt.position)
    return ok(shown_purchase(await call.platform.vault.key(call.account_id), row_of(order), call.now))


async def own_order(call: Call, order_id: UUID, *, until: int | None = None) -> Order:
    """Raises OrderNotFound."""
    order = await call.platform.journal.load(Order, order_id, until=until)
    if order is None or order.account_id != call.account_id:
        raise OrderNotFound()
    return order


async def _read(call: Call, order_id: UUID) -> OrderRow:
    if not call.behind:
        async with call.platform.reads.connection() as connection:
            found = await order_of(connection, call.account_id, order_id)
        if found is not None:
            return found
    return row_of(await own_order(call, order_id))
