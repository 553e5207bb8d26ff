"""Messages are late, doubled and in any order, and what was read for them may be old by the time it is written.

Each life below is lived at Stripe step by step. What each message led to at its own time is kept, and brought in every order
of the messages: then all of it is stale, as if every request had been held up somewhere. One grant, and the same book at the end.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from domain.payments.ports import PaymentEvent
from tests.support.api_house import Person
from tests.support.stripe_courier import body, header
from tests.support.stripe_shop import Shop, Standing

pytestmark = pytest.mark.asyncio(loop_scope="module")

Message = dict[str, Any]
#: One step: does something at Stripe with the page, gives the messages that count.
Step = Callable[[Shop, str], Sequence[Message]]
AT_ONCE = 12
#: Of each life so many orders by default; all of them in the long form.
SOME = 8


def pay(shop: Shop, page: str) -> Sequence[Message]:
    return shop.book.pay(page)[1:]


def promise(shop: Shop, page: str) -> Sequence[Message]:
    return shop.book.promise(page)


def keep_promise(shop: Shop, page: str) -> Sequence[Message]:
    return shop.book.keep_promise(page)


def refund(amount: int, *, by: int = 0) -> Step:
    """*by*: whether the refund (0) or its charge (1) tells of it."""
    return lambda shop, page: [shop.book.refund(shop.payment_of(page), amount)[by]]


def fail_first_refund(shop: Shop, page: str) -> Sequence[Message]:
    return shop.book.fail_refund(shop.refunds_of(shop.payment_of(page))[0])[1:]


def dispute(shop: Shop, page: str) -> Sequence[Message]:
    return shop.book.dispute(shop.payment_of(page), 499)


def close(status: str) -> Step:
    return lambda shop, page: shop.book.close_dispute(shop.dispute_of(shop.payment_of(page)), status)


def begin(shop: Shop, page: str) -> Sequence[Message]:
    return shop.book.begin(page)[2:]


def of_subscription(deed: str) -> Step:
    return lambda shop, page: getattr(shop.book, deed)(shop.subscription_of(page))


def refund_first_period(shop: Shop, page: str) -> Sequence[Message]:
    own = {"subscription": shop.subscription_of(page)}
    invoices = [each for each in shop.book.of_kind("invoice") if own.items() <= each["parent"]["subscription_details"].items()]
    return shop.book.refund(invoices[-1]["payments"]["data"][0]["payment"]["payment_intent"], 1_499)[:1]


#: Name -> (steps, what stands at the end).
ORDERS: Mapping[str, tuple[Sequence[Step], Standing]] = {
    "a bank transfer, refunded in two parts": ([promise, keep_promise, refund(100), refund(399, by=1)], ("refunded", 0, 0, 0)),
    "a refund that fails, a dispute that is won": (
        [pay, refund(499), fail_first_refund, dispute, close("won")],
        ("paid", 100, 0, 0),
    ),
    "a part refunded, the rest disputed and lost": ([pay, refund(200, by=1), dispute, close("lost")], ("refunded", 0, 0, 0)),
}
SUBSCRIPTIONS: Mapping[str, tuple[Sequence[Step], Standing]] = {
    "a period that is paid late": (
        [begin, of_subscription("fail_to_renew"), of_subscription("make_up")],
        ("active", 1_000, 0, 0),
    ),
    "a period refunded, and the end": (
        [begin, of_subscription("renew"), refund_first_period, of_subscription("end")],
        ("canceled", 500, 0, 0),
    ),
}


class Lives:
    """`said`: what each message leads to when it is heard for the first time, by its bytes; after that it is read anew."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop = shop
        self.adapter = shop.house.platform.payments
        self.said: dict[bytes, list[PaymentEvent]] = {}
        self._hear = self.adapter.heard
        monkeypatch.setattr(self.adapter, "heard", self._stale)

    async def _stale(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> Sequence[PaymentEvent]:
        if raw in self.said:
            return self.said.pop(raw)
        return await self._hear(headers, raw, now=now)

    async def lived(self, page: str, steps: Sequence[Step]) -> list[Message]:
        """All messages of a life, with what each led to at its own time kept."""
        found = []
        for step in steps:
            for message in step(self.shop, page):
                raw = body(message)
                self.said[raw] = list(await self._hear({"stripe-signature": header(raw)}, raw, now=datetime.now(UTC)))
                found.append(message)
        return found

    async def end_of(self, steps: Sequence[Step], order: Sequence[int], *, monthly: bool) -> tuple[Standing, int]:
        """What stands when the messages were brought in *order*, and how often something was paid for."""
        person = await self.shop.buyer()
        id, page = await (self.shop.subscribed(person) if monthly else self.shop.bought(person))
        messages = await self.lived(page, steps)
        for place in order:
            await self.shop.courier.insist(messages[place])
        return await self.shop.standing(person, id), await payments(self.shop, person, id)


async def payments(shop: Shop, person: Person, id: UUID) -> int:
    topics = [event.topic for event in await shop.house.platform.journal.stream(id)]
    return sum(topic in ("orders.paid", "subscriptions.period_paid") for topic in topics)


async def every_order(lives: Lives, steps: Sequence[Step], *, monthly: bool, most: int) -> set[tuple[Standing, int]]:
    """The different ends of all orders, or of *most* of them by a fixed seed."""
    person = await lives.shop.buyer()
    _, page = await (lives.shop.subscribed(person) if monthly else lives.shop.bought(person))
    orders = list(permutations(range(len(await lives.lived(page, steps)))))
    if len(orders) > most:
        orders = random.Random(7).sample(orders, most)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(order: Sequence[int]) -> tuple[Standing, int]:
        async with gate:
            return await lives.end_of(steps, order, monthly=monthly)

    return set(await asyncio.gather(*(one(order) for order in orders)))


@pytest.mark.parametrize("name", ORDERS)
async def test_any_order_of_the_messages_of_a_purchase_ends_the_same(shop: Shop, monkeypatch, name):
    steps, end = ORDERS[name]
    assert await every_order(Lives(shop, monkeypatch), steps, monthly=False, most=SOME) == {(end, 1)}


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
async def test_any_order_of_the_messages_of_a_subscription_ends_the_same(shop: Shop, monkeypatch, name):
    steps, end = SUBSCRIPTIONS[name]
    assert await every_order(Lives(shop, monkeypatch), steps, monthly=True, most=SOME) == {(end, 2)}


@pytest.mark.long
@pytest.mark.parametrize("name", [*ORDERS, *SUBSCRIPTIONS])
async def test_every_order_that_there_is(shop: Shop, monkeypatch, name):
    monthly = name in SUBSCRIPTIONS
    steps, end = (ORDERS | SUBSCRIPTIONS)[name]
    assert await every_order(Lives(shop, monkeypatch), steps, monthly=monthly, most=5_040) == {(end, 1 + monthly)}


async def test_all_of_it_agrees_in_the_end(shop: Shop):
    report = await shop.audited()
    assert report.ok, report
