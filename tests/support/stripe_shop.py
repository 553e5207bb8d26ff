"""The real API with Stripe connected, Stripe behind it on loopback, and what buyers see of both."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from domain.orders.order import Order
from domain.subscriptions.subscription import Subscription
from projections.audit.report import Report
from projections.audit.verify import verify
from projections.projector import projector
from tests.support.api_house import House, Person, open_house
from tests.support.stripe_courier import Courier
from tests.support.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer

PURCHASES, SUBSCRIPTIONS = "/v1/credits/purchases", "/v1/subscriptions"
#: What stands of a payment in the end: status, available, held, owed.
Standing = tuple[str, int, int, int]


class Shop:
    """`book` is the Stripe account, `courier` brings its messages."""

    def __init__(self, house: House, stripe: StripeServer, url: str) -> None:
        self.house, self.stripe, self.book, self.url = house, stripe, stripe.book, url
        self.courier = Courier(house.client)

    async def buyer(self) -> Person:
        return await self.house.person(credits=0)

    async def buy(self, person: Person, package: str = "starter", **headers: str) -> httpx.Response:
        return await self.house.client.post(PURCHASES, json={"package": package}, headers=person.headers | headers)

    async def subscribe(self, person: Person, plan: str = "premium") -> httpx.Response:
        return await self.house.client.post(SUBSCRIPTIONS, json={"plan": plan}, headers=person.headers)

    async def bought(self, person: Person, package: str = "starter") -> tuple[UUID, str]:
        """The order, and its page at Stripe."""
        answer = await self.buy(person, package)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"]), answer.json()["checkout_url"].rpartition("/")[2]

    async def subscribed(self, person: Person) -> tuple[UUID, str]:
        answer = await self.subscribe(person)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"]), answer.json()["checkout_url"].rpartition("/")[2]

    def payment_of(self, page: str) -> str:
        found: str = self.book.things[page]["payment_intent"]
        return found

    def refunds_of(self, payment: str) -> list[str]:
        """Oldest first."""
        return [refund["id"] for refund in reversed(self.book.of_kind("refund", payment_intent=payment))]

    def dispute_of(self, payment: str) -> str:
        found: str = self.book.of_kind("dispute", payment_intent=payment)[0]["id"]
        return found

    def subscription_of(self, page: str) -> str:
        found: str = self.book.things[page]["subscription"]
        return found

    async def shown(self, person: Person, path: str) -> dict[str, Any]:
        answer = await self.house.client.get(path, headers=person.headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def balance(self, person: Person) -> tuple[int, int, int]:
        """Available, held, owed."""
        found = await self.shown(person, "/v1/credits/balance")
        return found["available"], found["held"], found["owed"]

    async def standing(self, person: Person, id: UUID) -> Standing:
        """As the log has it, without waiting for read models."""
        journal = self.house.platform.journal
        order = await journal.load(Order, id)
        subscription = await journal.load(Subscription, id) if order is None else None
        found = order or subscription
        assert found is not None
        return found.status, *await self.balance(person)

    async def grants(self, person: Person) -> list[dict[str, Any]]:
        """Entries of the book that give credits, oldest first."""
        page = await self.shown(person, "/v1/credits/history?type=grant&order=asc&limit=100")
        found: list[dict[str, Any]] = page["data"]
        return found

    async def audited(self) -> Report:
        """Of the whole log and every read model."""
        await projector(self.url).catch_up()
        return await verify(self.url)


@asynccontextmanager
async def open_shop(database_url: str, redis_url: str, folder: Path, *, secrets: Sequence[str] = (WEBHOOK_SECRET,)) -> AsyncIterator[Shop]:
    with StripeServer() as stripe:
        environ = {
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": ",".join(secrets),
            "STRIPE_API_BASE": stripe.base,
            "DAYBOOK_RATE_LIMITS": "off",
        }
        async with open_house(database_url, redis_url, folder, **environ) as house:
            yield Shop(house, stripe, database_url)
