"""The scheduler: what becomes due by the clock alone. Its commands are fixed by their causes, so it may run any number of times."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from domain.credits.commands import ExpireGrants
from domain.dispatch.ports import Expired
from domain.generations.commands import ExpireGeneration, QueueGeneration
from domain.generations.refusals import GenerationFinal, GenerationNotFound
from domain.kernel.refusals import Refusal, Unavailable
from workers.erasure.eraser import Eraser
from workers.orders import Orders
from workers.platform import WorkerPlatform
from workers.retention import Retention
from workers.schedules import Schedules
from workers.shop import Shop
from workers.sweeper import Sweeper
from workers.until import until

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
KEYS_SECONDS = 3_600.0
BATCH = 200


class Scheduler:
    def __init__(self, platform: WorkerPlatform) -> None:
        self._due = platform.due
        self._counts = platform.counts
        self._clock = platform.clock
        self._keys = platform.keys
        self._own_keys = platform.own_keys
        self._orders = Orders(platform.journal, platform.clock, "scheduler")
        self._sweeper = Sweeper(platform)
        self._eraser = Eraser(platform, platform.erasures, "eraser")
        self._shop = Shop(platform, self._orders)
        self._recurring = [] if platform.recurrence is None else [Schedules(platform, platform.recurrence, self._orders).fire]
        self._retention = Retention(platform.kept_assets, platform.retention_days, self._orders)
        self._grants_seen = ""

    async def run(self, stop: asyncio.Event) -> None:
        await until(stop, self._work())

    async def _work(self) -> None:
        await asyncio.gather(
            self._over_and_over(TICK_SECONDS, self._queue),
            self._over_and_over(TICK_SECONDS, self._expire),
            self._over_and_over(TICK_SECONDS, self._expire_grants),
            self._over_and_over(TICK_SECONDS, self._erase),
            *(self._over_and_over(TICK_SECONDS, chore) for chore in self._recurring),
            self._over_and_over(KEYS_SECONDS, self._keep_keys),
            self._over_and_over(KEYS_SECONDS, self._sweep_own_keys),
            *(self._over_and_over(TICK_SECONDS, chore) for chore in self._shop.chores),
            self._over_and_over(self._retention.seconds, self._retention.run),
            self._over_and_over(self._sweeper.seconds_deleted, self._sweeper.sweep_deleted),
            self._over_and_over(self._sweeper.seconds_orphaned, self._sweeper.sweep_orphaned),
        )

    async def _over_and_over(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await chore()
            except Unavailable as error:
                logger.warning("%s waits: %s", getattr(chore, "__name__", "a chore"), error)
            except Exception:
                # The other chores go on, and this one tries again.
                logger.exception("a chore of the scheduler failed")
            await asyncio.sleep(seconds)

    async def _queue(self) -> None:
        due = await self._due.scheduled(BATCH)
        await asyncio.gather(*(self._queue_one(each) for each in due))
        self._counts.count("due", len(due), what="start")

    async def _queue_one(self, generation_id: UUID) -> None:
        try:
            await self._orders.send(QueueGeneration(generation_id=generation_id), f"queue:{generation_id}")
        except (GenerationFinal, GenerationNotFound) as refusal:
            logger.info("not queued: %s", refusal)

    async def _expire(self) -> None:
        due = await self._due.expired(BATCH)
        await asyncio.gather(*(self._expire_one(each) for each in due))
        self._counts.count("due", len(due), what="deadline")

    async def _expire_one(self, expired: Expired) -> None:
        command = ExpireGeneration(generation_id=expired.generation_id, account_id=expired.account_id, which=expired.which)
        try:
            await self._orders.send(command, f"expire:{expired.generation_id}:{expired.which}")
        except (GenerationFinal, GenerationNotFound) as refusal:
            logger.info("not expired: %s", refusal)

    async def _erase(self) -> None:
        self._counts.count("due", await self._eraser.run(), what="erasure")

    async def _keep_keys(self) -> None:
        await self._keys.keep(now=self._clock.now())

    async def _sweep_own_keys(self) -> None:
        await self._own_keys.sweep()

    async def _expire_grants(self) -> None:
        accounts, seen = await self._due.grants(self._grants_seen, BATCH)
        for account_id in accounts:
            try:
                await self._orders.send(ExpireGrants(account_id=account_id), f"expire-grants:{account_id}:{seen}")
            except Unavailable:
                raise
            except Refusal as refusal:
                logger.info("grants not expired: %s", refusal)
        self._counts.count("due", len(accounts), what="grants")
        self._grants_seen = seen
