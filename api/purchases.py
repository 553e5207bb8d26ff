"""Buying packages of credits: the price list, purchases, and paying at the test till."""

from uuid import UUID

from api.checkouts import at_the_till, check_method, own, own_row, priced, with_page
from api.kit.answer import Answer, created, ok
from api.kit.call import Call
from api.listing import page_of
from api.shapes.purchases import NewPurchase, Packages, PurchaseQuery, placed_purchase, shown_package, shown_purchase
from domain.kernel.commands import Receipt
from domain.orders.commands import PlaceOrder
from domain.orders.order import Order
from domain.orders.refusals import OrderClosed
from projections.orders.orders import TABLE, page_of_orders, row_of

PATH = "/v1/credits/purchases/{id}"


async def packages(call: Call) -> Answer:
    """What can be bought once."""
    book = call.platform.price_books.now
    return ok(Packages(data=[shown_package(offer, book.version) for offer in book.packages], next_cursor=None))


async def buy(call: Call, body: NewPurchase) -> Answer:
    """Begin a purchase. It is paid on the page behind `checkout_url`; the credits come with the payment."""
    check_method(call, body)
    offer = call.platform.price_books.now.package(body.package)
    fields = await priced(call, body, offer)
    command = PlaceOrder(order_id=call.platform.ids.new(), package=offer.id, valid_days=offer.valid_days, **fields)
    return await call.execute(command, status=201)


async def bought(call: Call, receipt: Receipt) -> Answer:
    """As it was when its page was opened."""
    order, at = await with_page(call, Order, UUID(receipt.result["order_id"]), receipt)
    key = await call.platform.vault.key(call.account_id)
    answer = created(placed_purchase(key, row_of(order), call.now, replayed=receipt.repeated), PATH.format(id=order.id))
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
    row = await own_row(call, TABLE, id) or row_of(await own(call, Order, id))
    return ok(shown_purchase(await call.platform.vault.key(call.account_id), row, call.now))


async def pay(call: Call, id: UUID) -> Answer:
    """Pay a purchase at the test till. Where real money is taken this does not exist."""
    order = await at_the_till(call, Order, id)
    if order.status in ("canceled", "refunded"):
        raise OrderClosed(status=order.status)
    return await call.execute(order.rehearsed(), status=200)


async def paid(call: Call, receipt: Receipt) -> Answer:
    order = await own(call, Order, UUID(receipt.result["order_id"]), until=receipt.position)
    return ok(shown_purchase(await call.platform.vault.key(call.account_id), row_of(order), call.now))
