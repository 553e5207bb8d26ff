"""What the scheduler does for webhooks, in the test's own process, beside a served API."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from daybook.telling.rendering import LogRendering
from domain.ports import Outgoing
from domain.webhooks.schedule import AGE_MAX
from infra.outgoing.http import PinnedHttp
from infra.webhooks.deliveries import PostgresDeliveries
from infra.webhooks.outbox import Outbox, outbox_follower
from tests.support.api_house import House, Person
from tests.support.eventually import PATIENCE_SECONDS
from workers.orders import Orders
from workers.ports import Uncounted
from workers.webhooks.messages import Messages
from workers.webhooks.sender import Rules, Sender

#: Long enough that nothing comes twice while a test looks, and short enough that it needs not wait.
QUICK = (0.05, 0.05, 0.05)


@dataclass
class PostOffice:
    """`sender` sends while it is open; `catch_up` lets the outbox look at the log once, without one."""

    house: House
    dsn: str
    allow: Sequence[str]

    def outgoing(self) -> Outgoing:
        return PinnedHttp(allow=self.allow)

    def sender(
        self, *, retry_seconds: Sequence[float] = QUICK, outgoing: Outgoing | None = None, days: int = 30, **deliveries: Any
    ) -> Sender:
        platform = self.house.platform
        parts = {"journal": platform.journal, "reads": platform.reads, "vault": platform.vault}
        rendering = LogRendering(**parts, public_url=platform.public_url)
        return Sender(
            deliveries=PostgresDeliveries(platform.reads, **deliveries),
            messages=Messages(journal=platform.journal, vault=platform.vault, clock=platform.clock, rendering=rendering),
            outgoing=outgoing or self.outgoing(),
            orders=Orders(platform.journal, platform.clock, "webhooks"),
            counts=Uncounted(),
            owner=platform.ids.new(),
            rules=Rules(retry_seconds=retry_seconds, days=days, tick_seconds=0.05),
        )

    async def catch_up(self, *, age_max: timedelta = AGE_MAX) -> int:
        return await outbox_follower(self.dsn, Outbox(self.house.platform.clock, age_max=age_max)).catch_up()

    @asynccontextmanager
    async def sending(self, sender: Sender | None = None) -> AsyncIterator[None]:
        """The outbox and a sender run."""
        stop, sender = asyncio.Event(), sender or self.sender()
        outbox = Outbox(self.house.platform.clock)
        outbox.on_rows = sender.wake
        async with asyncio.TaskGroup() as together:
            together.create_task(outbox_follower(self.dsn, outbox).run(stop))
            together.create_task(sender.run(stop))
            try:
                yield
            finally:
                stop.set()

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.house.platform.reads.connection() as connection:
            return list(await (await connection.execute(query, values)).fetchall())

    async def endpoint(self, person: Person, url: str, *events: str) -> dict[str, Any]:
        """A new endpoint, as the API answers."""
        body = {"url": url, "events": list(events or ("generation.queued",))}
        answer = await self.house.client.post("/v1/webhook-endpoints", headers=person.headers, json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def deliveries(self, person: Person, endpoint: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        path = f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"
        answer = await self.house.client.get(path, headers=person.headers, params={"order": "asc", **query})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def settled(self, person: Person, endpoint: dict[str, Any], count: int) -> list[dict[str, Any]]:
        """The endpoint's deliveries, as soon as *count* of them have ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = await self.deliveries(person, endpoint)
                if sum(each["state"] != "pending" for each in found) >= count:
                    return found
                await asyncio.sleep(0.02)

    async def all_settled(self, person: Person) -> None:
        """Until everything that the log says of *person* is told."""
        last = await self.house.platform.journal.last_position(person.account_id)
        pending = "SELECT 1 FROM webhooks.deliveries WHERE account_id = %s AND state = 'pending' LIMIT 1"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.rows("SELECT position FROM webhooks.follower"))[0][0] < last or await self.rows(pending, person.account_id):
                await asyncio.sleep(0.02)

    async def due_now(self, account_id: UUID) -> None:
        """As if all pauses were over, but those that wait for another."""
        async with self.house.platform.reads.connection() as connection:
            sql = "UPDATE webhooks.deliveries SET due_at = now() WHERE state = 'pending' AND NOT waiting AND account_id = %s"
            await connection.execute(sql, (account_id,))
