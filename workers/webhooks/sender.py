"""Sends what is due at webhooks. Any number may run: each delivery is tried by one at a time, and whoever dies has only tried."""

import asyncio
import logging
import random
from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.kernel.limits import WEBHOOK_SECONDS
from domain.kernel.refusals import Unavailable
from domain.outgoing.answers import PostFailed
from domain.outgoing.refusals import UrlRefused
from domain.ports import Outgoing
from domain.webhooks.commands import DisableEndpoint
from domain.webhooks.ports import Attempt, Claimed, Deliveries
from domain.webhooks.refusals import WebhookEndpointDisabled, WebhookEndpointNotFound
from domain.webhooks.schedule import RETRY_SECONDS, pause
from domain.webhooks.webhooks import FAILING, GONE
from workers.orders import Orders
from workers.ports import Counts
from workers.tracing import Traced
from workers.until import until
from workers.webhooks.messages import Messages, Nothing

logger = logging.getLogger(__name__)

#: Requests at once, of one process.
SLOTS = 100
TICK_SECONDS = 0.5
#: Ends come by the hundred; claiming once for several is cheaper, and nobody sees the difference.
GATHER_SECONDS = 0.01
#: Something of ours was away: no try was made.
AWAY_SECONDS = 5.0
#: A defect of ours; trying at once would only find it again.
TROUBLE_SECONDS = 60.0
FORGET_SECONDS = 60.0
FORGET_ROWS = 5_000
GONE_STATUS = 410
#: Who says these may say when to come back.
BUSY = frozenset({429, 502, 503, 504})


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """`retry_seconds`: from one try to the next. `days`: how long the log of deliveries is kept. `tick_seconds`: how often the sender
    looks for what has become due, when nothing rings it.
    """

    retry_seconds: Sequence[float] = RETRY_SECONDS
    days: int = 30
    tick_seconds: float = TICK_SECONDS


class Sender:
    """*wake* rings it when there is something new; `run` ends with what is being sent given back by its lease."""

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        messages: Messages,
        outgoing: Outgoing,
        orders: Orders,
        counts: Counts,
        owner: UUID,
        rules: Rules,
        traced: Traced | None = None,
    ) -> None:
        self._deliveries, self._messages, self._outgoing, self._orders = deliveries, messages, outgoing, orders
        self._counts, self._owner, self._rules = counts, owner, rules
        self._traced = traced
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until *stop*; then what is under way may end."""
        try:
            await until(stop, self._work())
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=WEBHOOK_SECONDS)

    async def _work(self) -> None:
        await asyncio.gather(self._send(), self._forget())

    async def _send(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._claim()
            except Unavailable as error:
                logger.warning("webhooks wait: %s", error)
            except Exception:
                logger.exception("webhooks could not be claimed")
            try:
                async with asyncio.timeout(self._rules.tick_seconds):
                    await self._wake.wait()
                await asyncio.sleep(GATHER_SECONDS)
            except TimeoutError:
                continue

    async def _claim(self) -> None:
        free = SLOTS - len(self._running)
        if free <= 0:
            return
        for claimed in await self._deliveries.claim(self._owner, free):
            task = asyncio.create_task(self._deliver(claimed))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        # A slot is free, and perhaps the next of its generation may go.
        self._wake.set()

    async def _deliver(self, claimed: Claimed) -> None:
        # Not tried, or not written down: it is tried again, with the same id.
        try:
            await self._try(claimed)
        except Unavailable as error:
            logger.warning("delivery %s waits: %s", claimed.id, error)
            await self._put_off(claimed, AWAY_SECONDS)
        except Exception:
            logger.exception("delivery %s of %s could not be tried", claimed.id, claimed.event_id)
            await self._put_off(claimed, TROUBLE_SECONDS)

    async def _put_off(self, claimed: Claimed, seconds: float) -> None:
        try:
            await self._deliveries.put_off(self._owner, claimed, seconds)
        except Exception:
            logger.exception("delivery %s waits for its lease to end", claimed.id)

    async def _try(self, claimed: Claimed) -> None:
        try:
            message = await self._messages.of(claimed)
        except Nothing as nothing:
            logger.debug("delivery %s is dropped: %s", claimed.id, nothing)
            await self._deliveries.drop(self._owner, claimed)
            return
        except WebhookEndpointDisabled:
            await self._deliveries.give_up(self._owner, claimed, "endpoint_disabled")
            return
        retry_after: float | None = None
        try:
            posted = await self._outgoing.post(message.url, message.body, message.headers, seconds=WEBHOOK_SECONDS)
        except UrlRefused:
            attempt = Attempt(status=None, error="url_refused", ms=0)
        except PostFailed as failure:
            attempt = Attempt(status=None, error="timeout" if failure.timed_out else "unreachable", ms=failure.ms)
        else:
            attempt = Attempt(status=posted.status, error=None, ms=posted.ms)
            retry_after = posted.retry_after if posted.status in BUSY else None
        await self._record(claimed, attempt, retry_after)

    async def _record(self, claimed: Claimed, attempt: Attempt, retry_after: float | None) -> None:
        taken = attempt.status is not None and 200 <= attempt.status < 300
        failed = None if taken else attempt.error or str(attempt.status)
        if self._traced is not None:
            await self._traced.delivery(claimed.position, claimed.id, claimed.attempts, attempt.ms / 1000, failed)
        if taken:
            self._counts.count("deliveries", outcome="delivered")
            await self._deliveries.succeeded(self._owner, claimed, attempt)
            return
        again = pause(claimed.tries + 1, schedule=self._rules.retry_seconds, chance=random.random(), retry_after=retry_after)
        if attempt.status == GONE_STATUS:
            again = None
        if again is None:
            # Before the end is written down: whoever dies in between tries once more, and comes here again.
            await self._give_up(claimed, attempt)
        self._counts.count("deliveries", outcome="retry" if again is not None else "failed")
        await self._deliveries.failed(self._owner, claimed, attempt, again_in_seconds=again)

    async def _give_up(self, claimed: Claimed, attempt: Attempt) -> None:
        """The endpoint says that it is gone, or has taken nothing since this delivery was first tried: it is told no more."""
        failing = claimed.failing_since is not None and claimed.failing_since <= claimed.first_tried_at
        if claimed.endpoint_id is None or not (attempt.status == GONE_STATUS or failing):
            return
        cause = GONE if attempt.status == GONE_STATUS else FAILING
        command = DisableEndpoint(account_id=claimed.account_id, endpoint_id=claimed.endpoint_id, cause=cause)
        try:
            await self._orders.send(command, f"disable-webhook:{claimed.endpoint_id}:{claimed.id}:{claimed.attempts}")
        except WebhookEndpointNotFound:
            logger.info("an endpoint that fails was deleted meanwhile")

    async def _forget(self) -> None:
        while True:
            forgotten = 0
            try:
                forgotten = await self._deliveries.forget(days=self._rules.days, limit=FORGET_ROWS)
            except Exception:
                logger.exception("old deliveries could not be deleted")
            await asyncio.sleep(FORGET_SECONDS if forgotten < FORGET_ROWS else GATHER_SECONDS)
