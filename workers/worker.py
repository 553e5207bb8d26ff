"""A worker process: shifts claim what is best now, and coroutines carry it to its next durable point."""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.dispatch.ports import Claimed, News, WorkerCard
from domain.generations.generation import Generation
from domain.kernel.refusals import Unavailable
from workers.attempt import Attempt
from workers.bells import answering
from workers.children import Children
from workers.making import Maker
from workers.orders import Orders
from workers.parking import Parking
from workers.platform import WorkerPlatform
from workers.polling import Poller

logger = logging.getLogger(__name__)

SLOTS = 16
#: Without any bell, work is found so soon.
POLL_SECONDS = 2.0
#: What runs when a drain begins may take so long; then it is handed back.
GRACE_SECONDS = 20.0
#: After a claim that took all there was: what arrives in this moment is taken by one claim, and begun by one append.
GATHER_SECONDS = 0.005
#: The generations of one commit all end in this moment, so that their slots are filled by one claim.
FREE_SECONDS = 0.002


class Worker:
    """`run` until told to stop. `slots` generations at once; *queues* empty: all kinds of the catalogue."""

    def __init__(
        self,
        platform: WorkerPlatform,
        *,
        queues: Sequence[str] = (),
        slots: int = SLOTS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._platform = platform
        self._queues = tuple(sorted(queues or platform.catalogue.kinds()))
        self._slots = slots
        self._grace_seconds = grace_seconds
        #: Owns leases; new at each start, so that nothing of an earlier life is taken for ours.
        self.id = platform.ids.new()
        self._running: dict[UUID, tuple[Attempt, asyncio.Task[None]]] = {}
        self._freed = asyncio.Event()
        self._draining = asyncio.Event()
        self._rung = False
        self._on_shift: asyncio.Future[None] | None = None

    @property
    def running(self) -> int:
        return len(self._running)

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when everything that was begun is final or back in the queue."""
        self._loop = asyncio.get_running_loop()
        self._platform.counts.level("slots", self._slots)
        card = WorkerCard(worker=self.id, host=socket.gethostname(), pid=os.getpid(), queues=self._queues, slots=self._slots)
        children = Children(os.cpu_count() or 1)
        self._maker = Maker(self._platform, children)
        self._orders = Orders(self._platform.journal, self._platform.clock, f"worker:{self.id}")
        self._parking = Parking(self._platform, self._maker, self._orders)
        poller = Poller(self._platform, self._maker, self._parking, self._orders, self._long_queues())
        stopping = asyncio.create_task(self._drain_when(stop))
        polling = asyncio.create_task(poller.run(self._draining))
        try:
            with self._platform.keep_leases(card, self) as self._leases:
                with answering(self._platform.redis_url, self._queues, self):
                    await self._poll()
                await self._finish()
                await polling
                await poller.close(self._grace_seconds)
        finally:
            polling.cancel()
            stopping.cancel()
            children.close()
            await self._maker.close()

    async def shift(self) -> None:
        """Claim until nothing more can be claimed, waiting for slots in between. A second shift ends with the first."""
        self._rung = True
        if self._on_shift is not None:
            await asyncio.shield(self._on_shift)
            return
        self._on_shift = self._loop_future()
        try:
            while self._rung and not self._draining.is_set():
                self._rung = False
                while await self._claim():
                    self._rung = False
                    if len(self._running) < self._slots:
                        await asyncio.sleep(GATHER_SECONDS)
        except Unavailable as error:
            logger.warning("nothing can be claimed at the moment: %s", error)
        finally:
            self._on_shift.set_result(None)
            self._on_shift = None

    def news(self, generation_id: UUID, news: News) -> None:
        """From the leases' thread."""
        self._loop.call_soon_threadsafe(self._tell, generation_id, news)

    def drain(self) -> None:
        """From the leases' thread."""
        self._loop.call_soon_threadsafe(self._draining.set)

    def _tell(self, generation_id: UUID, news: News) -> None:
        found = self._running.get(generation_id)
        if found is not None:
            if news is News.LOST:
                self._platform.counts.count("lost_leases")
            found[0].tell(news)

    def _loop_future(self) -> "asyncio.Future[None]":
        return asyncio.get_running_loop().create_future()

    def _long_queues(self) -> tuple[str, ...]:
        """Those of ours in which a job may be parked."""
        long = {model.kind for model in self._platform.catalogue.models if model.long}
        return tuple(queue for queue in self._queues if queue in long)

    async def _drain_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._draining.set()

    async def _poll(self) -> None:
        """The safety net under the bells, until the drain."""
        while not self._draining.is_set():
            if self._on_shift is None:
                shift = asyncio.ensure_future(self.shift())
                shift.add_done_callback(_speak)
            await self._look_at_providers()
            await _wait(self._draining, POLL_SECONDS)

    async def _look_at_providers(self) -> None:
        try:
            await self._maker.gate.look()
        except Unavailable as error:
            logger.warning("how providers do is not known at the moment: %s", error)

    async def _claim(self) -> bool:
        """Fill the free slots once. False when nothing was there, or when the drain has begun."""
        if len(self._running) >= self._slots:
            await self._wait_for_slot()
        free = self._slots - len(self._running)
        claimed: list[Claimed] = []
        if free > 0 and not self._draining.is_set():
            claimed = await self._platform.claims.claim(self.id, self._queues, free)
        # Queues take turns at being asked first.
        self._queues = self._queues[1:] + self._queues[:1]
        if claimed and self._draining.is_set():
            await self._platform.claims.release(self.id, [each.generation_id for each in claimed])
            return False
        if claimed:
            self._platform.counts.count("claims", len(claimed))
        self._leases.hold([each.generation_id for each in claimed])
        remembered = await self._look_at([each.generation_id for each in claimed if each.claims == 1 and not each.isolate])
        for each in claimed:
            self._begin(each, remembered.get(each.generation_id))
        return bool(claimed)

    async def _look_at(self, generation_ids: Sequence[UUID]) -> Mapping[UUID, Generation]:
        """What may begin before its start is recorded, in one look; whatever that does not find begins as any other."""
        try:
            return await self._platform.journal.load_all(Generation, generation_ids) if generation_ids else {}
        except Unavailable:
            return {}

    async def _wait_for_slot(self) -> None:
        while len(self._running) >= self._slots and not self._draining.is_set():
            self._freed.clear()
            await self._freed.wait()
        await asyncio.sleep(FREE_SECONDS)

    def _begin(self, claimed: Claimed, remembered: Generation | None) -> None:
        attempt = Attempt(self._platform, self._maker, self._parking, self._orders, self.id, claimed, remembered)
        task = asyncio.create_task(attempt.work())
        self._running[claimed.generation_id] = (attempt, task)
        self._platform.counts.level("running", len(self._running))
        task.add_done_callback(lambda done: self._end(claimed.generation_id, done))

    def _end(self, generation_id: UUID, done: "asyncio.Task[None]") -> None:
        self._running.pop(generation_id, None)
        self._platform.counts.level("running", len(self._running))
        self._leases.let_go(generation_id)
        self._freed.set()
        _speak(done)

    async def _finish(self) -> None:
        """Let what runs come to its end; hand back what would take too long."""
        self._freed.set()
        if self._on_shift is not None:
            await self._on_shift
        tasks = [task for _, task in self._running.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._grace_seconds)
        for attempt, task in self._running.copy().values():
            if task in late:
                attempt.tell(News.HANDED_BACK)
        if late:
            await asyncio.wait(late)


def _speak(done: "asyncio.Task[None]") -> None:
    """A defect ends one generation or one shift, with its trace in the log; leases and polls heal what it left."""
    if not done.cancelled() and (error := done.exception()) is not None:
        logger.error("a defect", exc_info=error)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
