"""One claimed generation, from its start to its next durable point: final, parked at its provider, or back in the queue."""

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from domain.dispatch.ports import Claimed, News
from domain.generations.generation import Generation
from domain.kernel.limits import DEATHS_MAX
from workers.children import ChildDied
from workers.delivery import Said
from workers.ends import Ends
from workers.failures import NOT_OURS, AttemptFailed, submit_unknown
from workers.making import Made, Maker
from workers.orders import Orders
from workers.parking import Parking
from workers.patience import patiently
from workers.platform import WorkerPlatform
from workers.start import Start

logger = logging.getLogger(__name__)

PAUSE_AFTER_DEATH = timedelta(seconds=1)
#: A deadline is looked at so much later, so that it has passed by every clock.
EXPIRED_AFTER = timedelta(milliseconds=20)


class Attempt:
    """`tell` may be called at any time while `work` runs; what it says counts until the result is being recorded.

    *remembered*: the generation as it was after the claim, if it was never claimed before.
    """

    def __init__(
        self,
        platform: WorkerPlatform,
        maker: Maker,
        parking: Parking,
        orders: Orders,
        owner: UUID,
        claimed: Claimed,
        remembered: Generation | None = None,
    ) -> None:
        self._platform = platform
        self._maker = maker
        self._parking = parking
        self._orders = orders
        self._owner = owner
        self._claimed = claimed
        self._remembered = remembered
        self._ends = Ends(platform, maker, orders, claimed.generation_id, claimed.account_id)
        self._said = Said()
        self._making: asyncio.Task[None] | None = None
        self._news: News | None = None
        self._start = Start(platform, orders, self._ends, owner, claimed, self.tell)
        #: Its provider is at work, and must not be asked twice: nobody else can take it from here.
        self._ours_alone = False

    def tell(self, news: News) -> None:
        if self._news is None and not (news is News.HANDED_BACK and self._ours_alone):
            self._news = news
            if self._making is not None:
                self._making.cancel()

    async def work(self) -> None:
        """Returns when the generation is final, parked, back in the queue, or somebody else's."""
        try:
            if self._claimed.deaths >= DEATHS_MAX:
                await self._ends.quarantined()
            elif (generation := await self._begin()) is not None:
                await self._make(generation)
        except NOT_OURS as refusal:
            logger.info("stopped: %s", refusal, extra={"generation_id": str(self._claimed.generation_id)})

    async def _begin(self) -> Generation | None:
        """What is to be made. None when the row led nowhere."""
        if self._remembered is not None and self._maker.may_begin_unrecorded(self._remembered):
            self._start.later()
            return self._remembered
        if not await self._start.now():
            return None
        # What is read of it was fixed at the request or by earlier attempts, so the state that the start was decided on is good enough.
        journal, generation_id = self._platform.journal, self._claimed.generation_id
        return await patiently("load", lambda: journal.load(Generation, generation_id, fresh=False))

    async def _make(self, generation: Generation) -> None:
        """Everything that can be interrupted, and what follows from how it ended."""
        left = generation.deadline - self._platform.clock.now() + EXPIRED_AFTER
        alarm = asyncio.get_running_loop().call_later(max(0.0, left.total_seconds()), self.tell, News.EXPIRED)
        try:
            await (self._make_now(generation) if self._maker.long(generation) is None else self._park(generation))
        except AttemptFailed as failure:
            if await self._start.now():
                await self._ends.failed(generation, failure)
        except ChildDied:
            if await self._start.now():
                await self._child_died(generation)
        finally:
            alarm.cancel()

    async def _make_now(self, generation: Generation) -> None:
        """The provider's answer is awaited."""
        self._ours_alone = not self._maker.model_of(generation).repeatable
        if self._start.taken_over and self._ours_alone and not self._told():
            raise submit_unknown(retryable=False)
        made = await self._interruptible(generation)
        if made is None:
            await self._ended_by_news(generation)
        elif (began_at := self._start.with_the_end()) is not None or await self._start.now():
            await self._ends.succeeded(generation, made, began_at)

    async def _park(self, generation: Generation) -> None:
        """The provider is given the job, which takes a moment that nothing interrupts; news are heard before and after."""
        if self._told() and self._news is not News.HANDED_BACK:
            await self._parking.stop(generation, self._ends.attempt)
            await self._ended_by_news(generation)
            return
        taken = await self._parking.give(generation, self._ends.attempt)
        try:
            await self._ends.send(self._parking.parking_of(generation, self._ends.attempt, taken), "park")
        except NOT_OURS:
            await self._parking.stop(generation, self._ends.attempt, taken.sealed_job)
            raise

    async def _interruptible(self, generation: Generation) -> Made | None:
        """What was made; None when news came first."""
        if self._told():
            return None
        task = self._making = asyncio.current_task()
        try:
            return await self._maker.make(
                generation, self._ends.attempt, self._said, isolate=self._claimed.isolate, started=lambda: self._start.recorded
            )
        except asyncio.CancelledError:
            if not self._told() or (task is not None and task.uncancel()):
                raise
            return None
        finally:
            self._making = None

    def _told(self) -> bool:
        return self._news is not None

    async def _child_died(self, generation: Generation) -> None:
        """The first death, among others in a pool, only isolates; deaths in isolation count."""
        if self._ours_alone:
            # The provider may have worked, and billed, before.
            await self._ends.failed(generation, submit_unknown(retryable=False))
            return
        claims, generation_id = self._platform.claims, self._claimed.generation_id
        if not self._claimed.isolate:
            await patiently("isolate", lambda: claims.isolate(self._owner, generation_id))
        elif await patiently("count a death", lambda: claims.count_death(self._owner, generation_id)) >= DEATHS_MAX:
            await self._ends.quarantined()
            return
        await self._ends.retry("worker_lost", PAUSE_AFTER_DEATH.total_seconds())

    async def _ended_by_news(self, generation: Generation) -> None:
        """What the caller could read before is delivered."""
        if self._news is News.LOST or not await self._start.now():
            return
        if self._news is News.HANDED_BACK:
            await self._ends.retry("handed_back", None)
        elif self._news is News.CANCELED:
            await self._ends.canceled(self._said.delivered(generation))
        elif self._news is News.EXPIRED:
            await self._ends.expired(self._said.delivered(generation))
