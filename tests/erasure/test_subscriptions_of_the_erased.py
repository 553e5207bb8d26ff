"""Nobody pays on for an account that is gone: the payment service is told before the erasure is complete."""

from dataclasses import replace

import pytest

from domain.accounts.account import Account
from domain.erasure.commands import RequestErasure
from domain.payments.ports import PaymentsUnavailable
from domain.subscriptions.commands import RequestSubscription
from domain.subscriptions.subscription import Subscription
from infra.payments.till import TestTill
from tests.support.fleet import open_fleet
from tests.support.journal import new_id
from workers.erasure.eraser import Eraser

PRICE = {"credits": 500, "amount": 1499, "currency": "USD", "price_version": 1, "provider": "test", "livemode": False}


class Service(TestTill):
    """A payment service that can be away."""

    def __init__(self):
        super().__init__("http://daybook.test")
        self.away = False
        self.told = []

    async def cancel_at_period_end(self, reference):
        if self.away:
            raise PaymentsUnavailable(retry_after=1)
        self.told.append(reference)


@pytest.fixture
async def fleet(database_url, redis_url, database_folder):
    async with open_fleet(database_url, redis_url, database_folder) as opened:
        yield opened


async def subscriber(fleet, *, paid):
    """An account that is to be erased, and its subscription."""
    account_id, subscription_id = await fleet.account(), new_id()
    await fleet.execute(
        RequestSubscription(subscription_id=subscription_id, account_id=account_id, plan="premium", sealed_urls="s", **PRICE)
    )
    if paid:
        subscription = await fleet.world.journal.load(Subscription, subscription_id)
        await fleet.execute(subscription.first_period(seconds=None, now=fleet.platform.clock.now()))
    await fleet.execute(RequestErasure(account_id=account_id, by="owner"))
    return account_id, subscription_id


async def test_a_paid_subscription_is_canceled_at_the_payment_service_and_the_erasure_waits_for_that(fleet):
    account_id, subscription_id = await subscriber(fleet, paid=True)
    service = Service()
    eraser = Eraser(replace(fleet.platform, payments=service), fleet.platform.erasures, "eraser")
    service.away = True
    with pytest.raises(PaymentsUnavailable):
        await eraser.run()
    assert (await fleet.world.journal.load(Account, account_id)).status == "erasing"
    service.away = False
    await eraser.run()
    assert service.told == [f"test_{subscription_id}"]
    assert (await fleet.world.journal.load(Subscription, subscription_id)).cancel_at_period_end
    assert (await fleet.world.journal.load(Account, account_id)).status == "erased"


async def test_one_that_was_never_paid_ends_at_once(fleet):
    account_id, subscription_id = await subscriber(fleet, paid=False)
    service = Service()
    await Eraser(replace(fleet.platform, payments=service), fleet.platform.erasures, "eraser").run()
    assert service.told == []
    assert (await fleet.world.journal.load(Subscription, subscription_id)).ended == "abandoned"
    assert (await fleet.world.journal.load(Account, account_id)).status == "erased"
