"""Random lives of many purchases and subscriptions, their messages doubled, shuffled, forged and held up, many at the same time.

Stripe itself answers with errors and cut connections meanwhile. What stands at the end follows from Stripe's own account alone.
"""

import asyncio
import os
import random
from typing import Any
from uuid import UUID

import pytest

from tests.support.api_house import Person
from tests.support.stripe_courier import Courier
from tests.support.stripe_server import PASSING
from tests.support.stripe_shop import Shop, Standing

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRICE, CREDITS = 499, 100
MONTHLY_CREDITS = 500


class Crowd:
    """Buyers whose lives at Stripe run on while their messages are under way."""

    def __init__(self, shop: Shop, rng: random.Random) -> None:
        self.shop, self.rng = shop, rng
        self.bought: list[tuple[Person, UUID, str]] = []
        self.subscribed: list[tuple[Person, UUID, str]] = []
        self.under_way: list[dict[str, Any]] = []

    async def come(self, buyers: int, subscribers: int) -> None:
        for _ in range(buyers):
            person = await self.shop.buyer()
            self.bought.append((person, *await self.shop.bought(person)))
        for _ in range(subscribers):
            person = await self.shop.buyer()
            self.subscribed.append((person, *await self.shop.subscribed(person)))

    def live(self) -> None:
        """One more step in everybody's life, if there is one."""
        for _, _, page in self.bought:
            self.under_way += self._step(page)
        for _, _, page in self.subscribed:
            self.under_way += self._month(page)

    def _step(self, page: str) -> list[dict[str, Any]]:
        book, session = self.shop.book, self.shop.book.things[page]
        if session["status"] == "open":
            return self.rng.choices([book.pay, book.promise, book.leave], [6, 3, 1])[0](page)
        if session["status"] == "expired":
            return []
        payment = session["payment_intent"]
        if session["payment_status"] == "unpaid":
            return self.rng.choices([book.keep_promise, book.break_promise], [3, 1])[0](page)
        disputes = book.of_kind("dispute", payment_intent=payment)
        if disputes and disputes[0]["status"] == "needs_response":
            return book.close_dispute(disputes[0]["id"], self.rng.choice(["won", "lost"]))
        refunds = [refund for refund in book.of_kind("refund", payment_intent=payment) if refund["status"] != "failed"]
        if refunds and self.rng.random() < 0.3:
            return book.fail_refund(self.rng.choice(refunds)["id"])
        left = PRICE - sum(refund["amount"] for refund in refunds)
        if self.rng.random() < 0.6 and left > 0:
            return book.refund(payment, self.rng.randint(1, left), status=self.rng.choice(["succeeded", "pending"]))
        if not disputes and not refunds:
            return book.dispute(payment, PRICE)
        return []

    def _month(self, page: str) -> list[dict[str, Any]]:
        book, session = self.shop.book, self.shop.book.things[page]
        if session["status"] == "open":
            return book.begin(page)
        own = book.things[session["subscription"]]
        if own["status"] == "past_due":
            return book.make_up(own["id"])
        if own["status"] == "canceled":
            return []
        return self.rng.choices([book.renew, book.fail_to_renew, book.end], [4, 2, 1])[0](own["id"])

    def expected(self, page: str) -> Standing:
        """By Stripe's account: the share of the price that did not go back."""
        session = self.shop.book.things[page]
        if session["payment_status"] != "paid":
            canceled = session["status"] == "expired" or page in self.broken
            return ("canceled" if canceled else "pending", 0, 0, 0)
        payment = session["payment_intent"]
        gone = sum(each["amount"] for each in self.shop.book.of_kind("refund", payment_intent=payment) if each["status"] != "failed")
        gone += sum(each["amount"] for each in self.shop.book.of_kind("dispute", payment_intent=payment) if each["status"] != "won")
        gone = min(gone, PRICE)
        return ("refunded" if gone == PRICE else "paid", CREDITS - CREDITS * gone // PRICE, 0, 0)

    @property
    def broken(self) -> set[str]:
        """Pages whose bank transfer did not come."""
        told = (message for message in self.under_way if message["type"] == "checkout.session.async_payment_failed")
        return {message["data"]["object"]["id"] for message in told}

    def expected_of_subscription(self, page: str) -> Standing:
        own = self.shop.book.things[page]["subscription"]
        invoices = [each for each in self.shop.book.of_kind("invoice") if each["parent"]["subscription_details"]["subscription"] == own]
        paid = sum(each["status"] == "paid" for each in invoices)
        return (self.shop.book.things[own]["status"], MONTHLY_CREDITS * paid, 0, 0)


async def storm(shop: Shop, seed: int, *, buyers: int, subscribers: int, steps: int, copies: int, troubles: int) -> Courier:
    """Everything at once, until all has come through. The courier knows how much that was."""
    rng = random.Random(seed)
    crowd, courier = Crowd(shop, rng), Courier(shop.house.client, rng)
    await crowd.come(buyers, subscribers)
    deliveries = []
    for _ in range(steps):
        begun = len(crowd.under_way)
        crowd.live()
        with shop.stripe.lock:
            shop.stripe.behave(*rng.choices([*PASSING, "well"], k=troubles))
        fresh = crowd.under_way[begun:]
        # Some of the old messages come again with the new ones, some of the new ones wait for the end.
        again = rng.sample(crowd.under_way, min(len(crowd.under_way), len(fresh)))
        deliveries.append(
            asyncio.create_task(courier.storm(rng.sample(fresh, len(fresh) // 2) + again, copies=copies, forged=len(fresh) // 4))
        )
        await asyncio.sleep(0)
    await asyncio.gather(*deliveries)
    await courier.storm(crowd.under_way, copies=copies, forged=len(crowd.under_way) // 4)
    for person, id, page in crowd.bought:
        assert (page, await shop.standing(person, id)) == (page, crowd.expected(page))
    for person, id, page in crowd.subscribed:
        assert (page, await shop.standing(person, id)) == (page, crowd.expected_of_subscription(page))
    return courier


async def test_any_number_of_deliveries_grants_once(shop: Shop):
    courier = await storm(shop, 11, buyers=6, subscribers=2, steps=3, copies=2, troubles=3)
    assert courier.delivered > 50
    assert len(courier.refused) > 5 and set(courier.refused) == {400}


async def test_many_copies_of_one_message_grant_once(shop: Shop):
    person = await shop.buyer()
    order, page = await shop.bought(person)
    message = shop.book.pay(page)[-1]
    gate = asyncio.Semaphore(32)

    async def bring() -> tuple[int, int]:
        async with gate:
            answer = await shop.courier.bring(message)
        return answer.status_code, answer.json().get("taken", 0)

    answers = await asyncio.gather(*(bring() for _ in range(100)))
    assert {status for status, _ in answers} == {200}
    assert sum(taken for _, taken in answers) == 1
    assert await shop.standing(person, order) == ("paid", CREDITS, 0, 0)
    topics = [event.topic for event in await shop.house.platform.journal.stream(order)]
    assert topics.count("orders.paid") == 1


@pytest.mark.long
async def test_thousands_of_deliveries(shop: Shop):
    seed = int(os.environ.get("SEED", "1"))
    courier = await storm(shop, seed, buyers=150, subscribers=30, steps=6, copies=4, troubles=40)
    assert courier.delivered > 5_000


async def test_all_of_it_agrees_in_the_end(shop: Shop):
    report = await shop.audited()
    assert report.ok, report
