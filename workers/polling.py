"""Looks after parked jobs: due rows are claimed in bulk and looked at a few at a time; who is not done waits again, without anybody."""

import asyncio
import functools
import logging
import time
from datetime import timedelta
from uuid import UUID

from domain.dispatch.ports import DueJob
from domain.generations.generation import Generation
from domain.kernel.refusals import Unavailable
from domain.providers.jobs import Parked, ProviderFailure, Result, Running
from workers.attempt import EXPIRED_AFTER
from workers.children import ChildDied
from workers.delivery import Delivered
from workers.ends import Ends
from workers.failures import NOT_OURS, AttemptFailed, attempt_failed
from workers.making import Maker
from workers.orders import Orders
from workers.own_keys import told_of_own_key
from workers.parking import Parking, parked_of
from workers.patience import patiently
from workers.platform import WorkerPlatform

logger = logging.getLogger(__name__)

#: At once, in one process.
LOOKS_MAX = 32
#: Results that are fetched and stored at once: each may be as large as an artefact.
RESULTS_MAX = 4
#: How soon what became due is noticed, when nothing else happens.
TICK_SECONDS = 0.5
#: A claim's rows are nobody else's for so long; what takes longer is kept.
LEASE_SECONDS = 30.0
#: Answers are written back together.
GATHER_SECONDS = 0.1
#: Without a word of the provider: longer each time, up to here.
GROWTH = 1.25
PAUSE_SECONDS_MAX = 60.0
PAUSE_SECONDS_MIN = 0.2
SAID_SECONDS_MAX = 300.0


class Poller:
    """`run` until told to stop."""

    def __init__(self, platform: WorkerPlatform, maker: Maker, parking: Parking, orders: Orders, queues: tuple[str, ...]) -> None:
        self._platform = platform
        self._maker = maker
        self._parking = parking
        self._orders = orders
        self._queues = queues
        self._looks: dict[DueJob, tuple[asyncio.Task[None], float]] = {}
        self._woken: set[UUID] = set()
        self._again: list[tuple[DueJob, float]] = []
        self._results = asyncio.Semaphore(RESULTS_MAX)

    async def run(self, draining: asyncio.Event) -> None:
        """What is being looked at when the drain begins is looked at to its end, or again by somebody else."""
        while self._queues and not draining.is_set():
            try:
                busy = await self._turn()
            except Unavailable as error:
                logger.warning("nothing parked can be looked at at the moment: %s", error)
                busy = False
            except Exception:
                # The next turn tries again; the log says what was wrong with this one.
                logger.exception("a turn among the parked failed")
                busy = False
            await _wait(draining, GATHER_SECONDS if busy or self._looks else TICK_SECONDS)

    async def close(self, seconds: float) -> None:
        """Let the looks end; who is cut off is due again when its lease is over."""
        tasks = [task for task, _ in self._looks.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        await patiently("parking again", self._write)

    async def _turn(self) -> bool:
        """Write what was answered, keep what takes long, begin what is due. False when nothing was due."""
        await self._write()
        await self._keep()
        free = LOOKS_MAX - len(self._looks)
        due = await self._platform.parked.claim(self._queues, free, LEASE_SECONDS) if free > 0 else []
        for job in due:
            if self._woken_meanwhile(job):
                continue
            task = asyncio.create_task(self._look(job))
            self._looks[job] = task, time.monotonic()
            task.add_done_callback(functools.partial(self._looked, job))
        return bool(due)

    def _woken_meanwhile(self, job: DueJob) -> bool:
        """Somebody woke what is just being looked at: it is looked at once more, after this."""
        current = self._current(job)
        if current is None:
            return False
        self._looks[job] = self._looks.pop(current)
        self._woken.add(job.generation_id)
        return True

    def _current(self, job: DueJob) -> DueJob | None:
        return next((known for known in self._looks if known.generation_id == job.generation_id), None)

    async def _write(self) -> None:
        """All that wait again, in one statement."""
        again, self._again = self._again, []
        if again:
            try:
                await self._platform.parked.look_again(again)
            except Unavailable:
                self._again = again + self._again
                raise

    async def _keep(self) -> None:
        before = time.monotonic() - LEASE_SECONDS / 2
        slow = {job.generation_id: job for job, (_, since) in self._looks.items() if since < before}
        for kept in await self._platform.parked.keep(list(slow.values()), LEASE_SECONDS) if slow else []:
            found = self._looks.pop(slow[kept.generation_id], None)
            if found is not None:
                # Else it ended meanwhile.
                self._looks[kept] = found[0], time.monotonic()

    def _looked(self, job: DueJob, done: "asyncio.Task[None]") -> None:
        for known in [known for known, (task, _) in self._looks.items() if task is done]:
            del self._looks[known]
        self._woken.discard(job.generation_id)
        if not done.cancelled() and (error := done.exception()) is not None:
            logger.error("a defect", exc_info=error, extra={"generation_id": str(job.generation_id)})

    async def _look(self, job: DueJob) -> None:
        """To its end, or until the next look."""
        extra = {"generation_id": str(job.generation_id)}
        generation = await patiently("load", lambda: self._platform.journal.load(Generation, job.generation_id))
        if generation is None or generation.final:
            await patiently("drop", lambda: self._platform.parked.drop(job.generation_id))
            return
        ends = Ends(self._platform, self._maker, self._orders, generation.id, generation.account_id)
        ends.attempt, ends.attempts = generation.attempt, generation.attempts
        try:
            await self._judge(job, generation, ends)
        except AttemptFailed as failure:
            try:
                await ends.failed(generation, failure)
            except NOT_OURS as refusal:
                logger.info("stopped: %s", refusal, extra=extra)
        except NOT_OURS as refusal:
            logger.info("stopped: %s", refusal, extra=extra)
        except ChildDied:
            # Another look makes another child.
            self._later(job, PAUSE_SECONDS_MAX)

    async def _judge(self, job: DueJob, generation: Generation, ends: Ends) -> None:
        now = self._platform.clock.now()
        if job.cancel_requested or generation.cancel_requested_at is not None:
            await self._parking.stop(generation, ends.attempt)
            await ends.canceled()
        elif generation.deadline + EXPIRED_AFTER <= now:
            await self._parking.stop(generation, ends.attempt)
            await ends.expired(Delivered())
        elif self._overdue(generation):
            await self._parking.stop(generation, ends.attempt)
            raise AttemptFailed("timeout", "The provider did not end the job in the time that it may take.", retryable=False)
        else:
            await self._ask(job, generation, ends)

    def _overdue(self, generation: Generation) -> bool:
        with self._maker.naming(generation, generation.attempt):
            may_take = timedelta(seconds=self._maker.model_of(generation).timeout_seconds)
        return generation.submitted_at is not None and generation.submitted_at + may_take < self._platform.clock.now()

    async def _ask(self, job: DueJob, generation: Generation, ends: Ends) -> None:
        if generation.sealed_job is None:
            # Between the claim and this look somebody else has looked, and the next attempt waits for its turn.
            logger.info("no job is with the provider any more", extra={"generation_id": str(generation.id)})
            return
        with self._maker.naming(generation, ends.attempt):
            provider, prepared = self._maker.long(generation), await self._maker.prepared(generation, ends.attempt)
            parked = parked_of(prepared, generation.sealed_job)
            assert provider is not None and parked is not None, "a parked row follows from a job that was taken"
            try:
                answer: Running | Result = await provider.poll(prepared.job, parked)
            except ProviderFailure as failure:
                await self._maker.gate.failed(prepared.model, failure, own_key=generation.own_key)
                raise told_of_own_key(generation, attempt_failed(failure)) from failure
            except Exception:
                # The look is lost, not the job.
                logger.exception("a look at generation %s", generation.id)
                answer = Running()
            if isinstance(answer, Result):
                async with self._results:
                    made = await self._maker.stored(generation, prepared, answer)
        if isinstance(answer, Running):
            if answer.progress is not None and self._platform.progress is not None:
                self._platform.progress.tell(generation.id, answer.progress, account_id=generation.account_id)
            self._later(job, pause_of(answer, parked, job.polls))
        else:
            await ends.succeeded(generation, made)

    def _later(self, job: DueJob, seconds: float) -> None:
        self._again.append((self._current(job) or job, 0.0 if job.generation_id in self._woken else seconds))


def pause_of(answer: Running, parked: Parked, polls: int) -> float:
    """Seconds to the next look: as the provider says, else longer each time."""
    if answer.poll_seconds is not None:
        return min(SAID_SECONDS_MAX, max(PAUSE_SECONDS_MIN, answer.poll_seconds))
    longest = max(PAUSE_SECONDS_MAX, parked.poll_seconds)
    return min(longest, max(PAUSE_SECONDS_MIN, parked.poll_seconds) * GROWTH ** min(polls - 1, 64))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
