"""One claimed generation, from its start to its next durable point: final, or back in the queue."""

import asyncio
import logging
import time
from datetime import timedelta
from uuid import UUID

from domain.dispatch.ports import Claimed, News
from domain.generations.commands import FailGeneration, FinishCancel, RetryGeneration, StartGeneration, SucceedGeneration
from domain.generations.generation import Generation
from domain.generations.refusals import GenerationFinal, GenerationNotFound, StaleAttempt
from domain.kernel.commands import Command
from domain.kernel.limits import DEATHS_MAX
from workers.children import ChildDied
from workers.failures import AttemptFailed, pause_seconds
from workers.making import Made, Maker
from workers.orders import Orders
from workers.patience import patiently
from workers.platform import WorkerPlatform

logger = logging.getLogger(__name__)

#: The stream says that the generation is not ours (any more).
NOT_OURS = (GenerationFinal, GenerationNotFound, StaleAttempt)
QUARANTINED = "The work ended its process every time it was tried."
PAUSE_AFTER_DEATH = timedelta(seconds=1)


class Attempt:
    """`tell` may be called at any time while `work` runs; what it says counts until the result is being recorded."""

    def __init__(self, platform: WorkerPlatform, maker: Maker, orders: Orders, owner: UUID, claimed: Claimed) -> None:
        self._platform = platform
        self._maker = maker
        self._orders = orders
        self._owner = owner
        self._claimed = claimed
        self._making: asyncio.Task[None] | None = None
        self._news: News | None = None
        self._attempt = 0
        #: Attempts that burned, this one included.
        self._attempts = 0
        self._began = time.monotonic()

    def tell(self, news: News) -> None:
        if self._news is None:
            self._news = news
            if self._making is not None:
                self._making.cancel()

    async def work(self) -> None:
        """Returns when the generation is final, back in the queue, or somebody else's."""
        try:
            if self._claimed.deaths >= DEATHS_MAX:
                await self._send(self._failure("quarantined", QUARANTINED, retryable=False), "quarantine")
            elif await self._start():
                await self._make()
        except NOT_OURS as refusal:
            logger.info("stopped: %s", refusal, extra={"generation_id": str(self._claimed.generation_id)})

    async def _start(self) -> bool:
        """Append the fence. False when the row led nowhere."""
        generation_id = self._claimed.generation_id
        command = StartGeneration(generation_id=generation_id, worker=self._orders.actor)
        try:
            receipt = await self._orders.send(command, f"start:{generation_id}:{self._owner}:{self._claimed.claims}")
        except (GenerationFinal, GenerationNotFound):
            await patiently("drop", lambda: self._platform.claims.drop(self._owner, generation_id))
            return False
        self._attempt = receipt.result["attempt"]
        self._attempts = receipt.result["attempts"]
        if receipt.result["cancel_requested"]:
            self._news = self._news or News.CANCELED
        return True

    async def _make(self) -> None:
        """Everything that can be interrupted, and what follows from how it ended."""
        # What is read of it was fixed at the request, so the state that the start was decided on is good enough.
        journal, generation_id = self._platform.journal, self._claimed.generation_id
        generation = await patiently("load", lambda: journal.load(Generation, generation_id, fresh=False))
        if generation is None:
            return
        try:
            made = await self._interruptible(generation)
        except AttemptFailed as failure:
            await self._failed(generation, failure)
        except ChildDied:
            await self._child_died()
        else:
            await (self._ended_by_news() if made is None else self._succeeded(generation, made))

    async def _interruptible(self, generation: Generation) -> Made | None:
        """What was made; None when news came first."""
        if self._told():
            return None
        task = self._making = asyncio.current_task()
        try:
            return await self._maker.make(generation, self._attempt, isolate=self._claimed.isolate)
        except asyncio.CancelledError:
            if not self._told() or (task is not None and task.uncancel()):
                raise
            return None
        finally:
            self._making = None

    def _told(self) -> bool:
        return self._news is not None

    async def _succeeded(self, generation: Generation, made: Made) -> None:
        command = SucceedGeneration(
            generation_id=generation.id,
            account_id=generation.account_id,
            attempt=self._attempt,
            worker=self._orders.actor,
            assets=made.assets,
            price=generation.pricing.price_of(made.usage),
            usage=made.usage,
            sealed_output=made.sealed_output,
        )
        await self._send(command, "succeed")

    async def _failed(self, generation: Generation, failure: AttemptFailed) -> None:
        """Try again later, unless it is pointless or there is no later."""
        self._platform.counts.count("failures", code=failure.code)
        pause = pause_seconds(failure, attempts=self._attempts)
        run_at = self._platform.clock.now() + timedelta(seconds=pause)
        if failure.retryable and self._attempts < self._maker.attempts_max(generation) and run_at < generation.deadline:
            await self._retry(failure.code, pause)
        else:
            await self._send(self._failure(failure.code, failure.message, retryable=failure.retryable), "fail")

    async def _child_died(self) -> None:
        """The first death, among others in a pool, only isolates; deaths in isolation count."""
        claims, generation_id = self._platform.claims, self._claimed.generation_id
        if not self._claimed.isolate:
            await patiently("isolate", lambda: claims.isolate(self._owner, generation_id))
        elif await patiently("count a death", lambda: claims.count_death(self._owner, generation_id)) >= DEATHS_MAX:
            await self._send(self._failure("quarantined", QUARANTINED, retryable=False), "quarantine")
            return
        await self._retry("worker_lost", PAUSE_AFTER_DEATH.total_seconds())

    async def _ended_by_news(self) -> None:
        if self._news is News.HANDED_BACK:
            await self._retry("handed_back", None)
        elif self._news is News.CANCELED:
            command = FinishCancel(
                generation_id=self._claimed.generation_id,
                account_id=self._claimed.account_id,
                attempt=self._attempt,
                delivered_price=0,
            )
            await self._send(command, "cancel")

    async def _retry(self, code: str, pause_seconds: float | None) -> None:
        run_at = None if pause_seconds is None else self._platform.clock.now() + timedelta(seconds=pause_seconds)
        command = RetryGeneration(
            generation_id=self._claimed.generation_id,
            account_id=self._claimed.account_id,
            attempt=self._attempt,
            code=code,
            run_at=run_at,
        )
        await self._send(command, "retry")

    def _failure(self, code: str, message: str, *, retryable: bool) -> FailGeneration:
        """Without an attempt of ours the end does not depend on who runs it."""
        return FailGeneration(
            generation_id=self._claimed.generation_id,
            account_id=self._claimed.account_id,
            attempt=self._attempt or None,
            code=code,
            message=message,
            retryable=retryable,
        )

    async def _send(self, command: Command, what: str) -> None:
        await self._orders.send(command, f"{what}:{self._claimed.generation_id}:{self._attempt}")
        self._platform.counts.count("attempts", outcome=what)
        self._platform.counts.observe("attempt_seconds", time.monotonic() - self._began)
