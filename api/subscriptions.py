"""Subscriptions: plans, beginning one, and canceling it at the end of the period that is paid for."""

from uuid import UUID

from api.checkouts import at_the_till, check_method, own, own_row, priced, with_page
from api.kit.answer import Answer, created, ok
from api.kit.call import Call
from api.listing import page_of
from api.shapes.subscriptions import NewSubscription, Plans, SubscriptionQuery, requested_subscription, shown_plan, shown_subscription
from domain.kernel.commands import Receipt
from domain.subscriptions.commands import CancelSubscription, RequestSubscription
from domain.subscriptions.refusals import SubscriptionEnded
from domain.subscriptions.subscription import Subscription
from projections.subscriptions.subscriptions import TABLE, page_of_subscriptions, row_of

PATH = "/v1/subscriptions/{id}"


async def plans(call: Call) -> Answer:
    """What can be subscribed to."""
    book = call.platform.price_books.now
    return ok(Plans(data=[shown_plan(offer, book.version) for offer in book.plans], next_cursor=None))


async def subscribe(call: Call, body: NewSubscription) -> Answer:
    """Begin a subscription. Its first period is paid on the page behind `checkout_url`; each period's credits come with its payment."""
    check_method(call, body)
    offer = call.platform.price_books.now.plan(body.plan)
    command = RequestSubscription(subscription_id=call.platform.ids.new(), plan=offer.id, **await priced(call, body, offer))
    return await call.execute(command, status=201)


async def subscribed(call: Call, receipt: Receipt) -> Answer:
    """As it was when its page was opened."""
    found, at = await with_page(call, Subscription, UUID(receipt.result["subscription_id"]), receipt)
    key = await call.platform.vault.key(call.account_id)
    answer = created(requested_subscription(key, row_of(found), call.now, replayed=receipt.repeated), PATH.format(id=found.id))
    answer.position = at
    return answer


async def listed(call: Call, query: SubscriptionQuery) -> Answer:
    """Your subscriptions, newest first."""
    key = await call.platform.vault.key(call.account_id)
    return await page_of(
        call,
        query,
        page_of_subscriptions,
        lambda row: shown_subscription(key, row, call.now),
        account_id=call.account_id,
        statuses=query.status,
    )


async def show(call: Call, id: UUID) -> Answer:
    """A subscription."""
    row = await own_row(call, TABLE, id) or row_of(await own(call, Subscription, id))
    return ok(shown_subscription(await call.platform.vault.key(call.account_id), row, call.now))


async def cancel(call: Call, id: UUID) -> Answer:
    """Cancel at the end of the period that is paid for. What was never paid ends at once."""
    subscription = await own(call, Subscription, id)
    reference = subscription.reference or subscription.checkout
    if reference is not None and subscription.provider == call.platform.payments.name and subscription.ended is None:
        # First there, then here: a subscription that we call canceled must not go on taking money, nor begin to.
        await call.platform.payments.cancel_at_period_end(reference)
    return await call.execute(CancelSubscription(subscription_id=id, account_id=call.account_id), status=200)


async def pay(call: Call, id: UUID) -> Answer:
    """Pay the first period at the test till; the others follow by the clock. Where real money is taken this does not exist."""
    subscription = await at_the_till(call, Subscription, id)
    if subscription.ended is not None:
        raise SubscriptionEnded()
    command = subscription.first_period(seconds=call.platform.till_period_seconds, now=call.now)
    return await call.execute(command, status=200)


async def changed(call: Call, receipt: Receipt) -> Answer:
    row = row_of(await own(call, Subscription, UUID(receipt.result["subscription_id"]), until=receipt.position))
    return ok(shown_subscription(await call.platform.vault.key(call.account_id), row, call.now))
