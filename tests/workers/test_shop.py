"""What the clock decides about orders and subscriptions, with the real journal and read models."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.facts import Root
from domain.orders import commands as orders
from domain.orders.order import Order
from domain.subscriptions import commands as subscriptions
from domain.subscriptions.subscription import Subscription
from infra.payments.due import PostgresPaymentsDue
from projections.projector import projector
from tests.support.fleet import Fleet, running
from tests.support.journal import new_id
from workers.orders import Orders
from workers.platform import WorkerPlatform
from workers.scheduler import Scheduler
from workers.shop import Shop

SOLD = {
    "credits": 100,
    "amount": 499,
    "currency": "USD",
    "price_version": 1,
    "provider": "test",
    "livemode": False,
    "sealed_urls": "sealed",
}
PATIENCE_SECONDS = 60


class World:
    """A fleet with a shop, and a projector that looks when it is told to."""

    def __init__(self, fleet: Fleet, url: str) -> None:
        self.fleet = fleet
        self.url = url
        self.platform: WorkerPlatform = replace(
            fleet.platform, payments_due=PostgresPaymentsDue(fleet.world.pool), till_is_open=True, till_period_seconds=1
        )

    def shop(self, **changes: Any) -> Shop:
        platform = replace(self.platform, **changes)
        return Shop(platform, Orders(platform.journal, platform.clock, "scheduler"))

    async def project(self) -> None:
        await projector(self.url).catch_up()

    async def order(self, account_id: UUID, *, hours: float | None) -> UUID:
        """A pending order whose page closes so many hours from now; None: it has no page."""
        order_id, now = new_id(), self.platform.clock.now()
        await self.fleet.execute(orders.PlaceOrder(order_id=order_id, account_id=account_id, package="starter", valid_days=1, **SOLD))
        if hours is not None:
            page = {"reference": f"cs_{order_id}", "sealed_url": "sealed", "expires_at": now + timedelta(hours=hours)}
            await self.fleet.execute(orders.OpenCheckout(order_id=order_id, account_id=account_id, **page))
        return order_id

    async def subscription(self, account_id: UUID, *, hours: float = 1, paid: bool = False) -> UUID:
        """A subscription of the test till. A paid one is in its first period, which lasts a second."""
        subscription_id, now = new_id(), self.platform.clock.now()
        whose = {"subscription_id": subscription_id, "account_id": account_id}
        await self.fleet.execute(subscriptions.RequestSubscription(**whose, plan="premium", **SOLD))
        page = {"reference": f"cs_{subscription_id}", "sealed_url": "sealed", "expires_at": now + timedelta(hours=hours)}
        await self.fleet.execute(subscriptions.OpenSubscriptionCheckout(**whose, **page))
        if paid:
            found = await self.load(Subscription, subscription_id)
            await self.fleet.execute(found.first_period(seconds=1, now=now))
        return subscription_id

    async def load(self, kind: type[Any], stream: UUID) -> Any:
        found: Root | None = await self.platform.journal.load(kind, stream)
        assert found is not None
        return found

    async def until(self, holds: Callable[[], Awaitable[bool]], chore: Callable[[], Awaitable[Any]]) -> None:
        """Project and do *chore* over and over, until *holds*."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await holds():
                await self.project()
                await chore()
                await asyncio.sleep(0.05)


@pytest.fixture
def world(fleet: Fleet, fresh_database_url: str) -> World:
    return World(fleet, fresh_database_url)


async def test_what_nobody_paid_is_closed_once_its_page_has_been_closed_for_a_while(world: World):
    account = await world.fleet.account()
    late, soon, pageless = [await world.order(account, hours=hours) for hours in (-2, -0.5, None)]
    await world.project()
    await asyncio.gather(world.shop().close_orders(), world.shop().close_orders())
    assert [(await world.load(Order, each)).status for each in (late, soon, pageless)] == ["canceled", "pending", "pending"]
    assert (await world.fleet.facts(late)).count("OrderCanceled") == 1


async def test_a_subscription_that_never_began_is_closed_and_makes_room_for_another(world: World):
    account = await world.fleet.account()
    late = await world.subscription(account, hours=-2)
    await world.project()
    await world.shop().close_subscriptions()
    assert (await world.load(Subscription, late)).ended == "expired"
    again = await world.subscription(account)
    assert (await world.load(Subscription, again)).status == "pending"


async def test_two_schedulers_renew_a_period_once(world: World):
    account = await world.fleet.account(credits=1)
    found = await world.subscription(account, paid=True)

    async def renewed() -> bool:
        return len((await world.load(Subscription, found)).periods) > 1

    one, other = world.shop(till_period_seconds=3_600), world.shop(till_period_seconds=3_600)
    await world.until(renewed, lambda: asyncio.gather(one.renew(), other.renew()))
    assert (await world.fleet.facts(found)).count("PeriodPaid") == 2
    # Of the first period nothing is left, of the second everything.
    assert (await world.fleet.credits(account)).available(world.platform.clock.now()) == 101


async def test_a_canceled_subscription_ends_with_its_period(world: World):
    account = await world.fleet.account(credits=1)
    found = await world.subscription(account, paid=True)
    await world.fleet.execute(subscriptions.CancelSubscription(subscription_id=found, account_id=account))

    async def ended() -> bool:
        return (await world.load(Subscription, found)).status == "canceled"

    await world.until(ended, world.shop().renew)
    subscription = await world.load(Subscription, found)
    assert (subscription.ended, len(subscription.periods)) == ("period_end", 1)
    assert (await world.fleet.credits(account)).available(world.platform.clock.now()) == 1


async def test_once_real_money_is_taken_the_test_till_gives_nothing_any_more(world: World):
    account = await world.fleet.account()
    found = await world.subscription(account, paid=True)

    async def ended() -> bool:
        return (await world.load(Subscription, found)).ended == "till_closed"

    await world.until(ended, world.shop(till_is_open=False).renew)


async def test_the_scheduler_itself_renews_and_expires(world: World):
    """Subscribe, renew, cancel, end, and every period's credits lapse: all by the clock."""
    account = await world.fleet.account(credits=1)
    found = await world.subscription(account, paid=True)

    async def renewed() -> bool:
        return len((await world.load(Subscription, found)).periods) > 1

    async def over() -> bool:
        credits = await world.fleet.credits(account)
        return (await world.load(Subscription, found)).ended == "period_end" and len(credits.grants) == 1

    async with running(Scheduler(world.platform).run):
        await world.until(renewed, _nothing)
        await world.fleet.execute(subscriptions.CancelSubscription(subscription_id=found, account_id=account))
        await world.until(over, _nothing)
    facts = [type(each.fact).__name__ for each in await world.platform.journal.read(0, 1_000)]
    assert facts.count("GrantExpired") == facts.count("PeriodPaid")


async def _nothing() -> None:
    """The scheduler does it."""
