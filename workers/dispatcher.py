"""The dispatcher: rings for what can be claimed, reaps, lifts, and makes retries claimable. It may be killed at any time, and run twice."""

import asyncio
import logging
import time

from domain.dispatch.limits import limits_of
from domain.dispatch.ports import Group
from domain.kernel.refusals import Unavailable
from workers.bells import Ringer
from workers.platform import WorkerPlatform
from workers.ports import Wake
from workers.reaper import Reaper
from workers.until import until

logger = logging.getLogger(__name__)

#: The chores, and a look whether bells are needed, happen so often also when the log stands still.
TICK_SECONDS = 1.0
#: The log may grow a thousand times a second; looking more often than this rings no bell earlier.
PASS_SECONDS_MIN = 0.01
#: While bells lie unanswered all workers are at work, and look again by themselves before they rest.
UNANSWERED_SECONDS = 0.05
FORGET_SECONDS = 60.0
BATCH = 500


class Dispatcher:
    def __init__(self, platform: WorkerPlatform) -> None:
        self._board = platform.board
        self._limits = platform.limits
        self._limited = limits_of(platform.catalogue, account=platform.account_concurrency, providers=platform.provider_concurrency)
        self._limits_written = False
        self._counts = platform.counts
        self._listen = platform.listen
        self._ringer = Ringer(platform.redis_url)
        self._reaper = Reaper(platform.board)
        self._groups: list[Group] = []
        self._unanswered = False
        self._ticked = 0.0
        self._forgot = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        try:
            async with self._listen() as wake:
                await until(stop, self._work(wake))
        finally:
            self._ringer.close()

    async def _work(self, wake: Wake) -> None:
        while True:
            try:
                await self._pass()
            except Unavailable as error:
                logger.warning("cannot dispatch at the moment: %s", error)
                self._reaper.hold_off("the database was away")
            except Exception:
                # One statement that fails must not end the process that heals all others; the log says which.
                logger.exception("a pass of the dispatcher failed")
                self._reaper.hold_off("the dispatcher was in trouble")
            await asyncio.sleep(UNANSWERED_SECONDS if self._unanswered else PASS_SECONDS_MIN)
            await wake.wait(TICK_SECONDS)

    async def _pass(self) -> None:
        if time.monotonic() - self._ticked >= TICK_SECONDS:
            await self._tick()
            self._ticked = time.monotonic()
        while await self._limits.admit(BATCH):
            logger.debug("there was room for what was held")
        self._unanswered = bool(self._groups)
        for group in self._groups:
            # A shift takes all it can, so there is never need for more bells than workers.
            ready = await self._board.ready(group.queues, group.workers)
            rung = await self._ringer.ring(group.queues, ready) if ready else 0
            self._counts.count("bells", rung)
            self._unanswered = self._unanswered and ready >= group.workers and rung == 0

    async def _tick(self) -> None:
        if not self._limits_written:
            await self._limits.replace(self._limited)
            self._limits_written = True
        self._groups = await self._board.groups()
        while await self._board.promote(BATCH) == BATCH:
            logger.info("promoted %d retries", BATCH)
        self._counts.count("reaped", await self._reaper.reap())
        # Committed so late, or skipped for so long, that the queue's clock has left them behind.
        served = sorted({queue for group in self._groups for queue in group.queues})
        while await self._board.lift(served, BATCH) == BATCH:
            logger.info("lifted %d to the front of their lines", BATCH)
        if time.monotonic() - self._forgot >= FORGET_SECONDS:
            await self._board.forget_workers()
            self._forgot = time.monotonic()
