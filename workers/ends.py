"""How the attempts of one generation end: settled, tried again, or given up. The stream refuses whoever is not the running attempt."""

import time
from datetime import datetime, timedelta
from uuid import UUID

from domain.generations.commands import ExpireGeneration, FailGeneration, FinishCancel, RetryGeneration, SucceedGeneration
from domain.generations.generation import Generation
from domain.kernel.commands import Command
from workers.delivery import NOTHING, Delivered
from workers.failures import AttemptFailed, pause_seconds
from workers.making import Fallback, Made, Maker
from workers.orders import Orders
from workers.platform import WorkerPlatform
from workers.tracing import Traced

QUARANTINED = "The work ended its process every time it was tried."


class Ends:
    """Of attempt `attempt`; `attempts` burned so far, this one included. Attempt 0 has not begun."""

    def __init__(self, platform: WorkerPlatform, maker: Maker, orders: Orders, generation_id: UUID, account_id: UUID) -> None:
        self._platform = platform
        self._maker = maker
        self._orders = orders
        self._generation_id = generation_id
        self._account_id = account_id
        self.attempt = 0
        self.attempts = 0
        self._began = time.monotonic()
        self._traced = Traced(platform.journal, platform.tracing)

    async def succeeded(self, generation: Generation, made: Made, began_at: datetime | None = None) -> None:
        """*began_at*: the attempt began then, which is recorded with its end."""
        command = SucceedGeneration(
            generation_id=generation.id,
            account_id=generation.account_id,
            attempt=self.attempt,
            worker=self._orders.actor,
            assets=made.assets,
            price=generation.pricing.price_of(made.usage),
            usage=made.usage,
            sealed_output=made.sealed_output,
            began_at=began_at,
        )
        await self.send(command, "succeed")

    async def failed(self, generation: Generation, failure: AttemptFailed) -> None:
        """Try again later, unless it is pointless or there is no later."""
        self._platform.counts.count("failures", code=failure.code, provider=generation.provider)
        pause = pause_seconds(failure, attempts=self.attempts)
        run_at = self._platform.clock.now() + timedelta(seconds=pause)
        if failure.retryable and self.attempts < self._maker.attempts_max(generation) and run_at < generation.deadline:
            await self.retry(failure.code, pause)
        elif (fallback := self._maker.fallback_of(generation, failure)) is not None:
            await self.retry(failure.code, None, fallback)
        else:
            await self.send(self._failure(failure.code, failure.message, retryable=failure.retryable), "fail")

    async def quarantined(self) -> None:
        await self.send(self._failure("quarantined", QUARANTINED, retryable=False), "quarantine")

    async def canceled(self, delivered: Delivered = NOTHING) -> None:
        command = FinishCancel(
            generation_id=self._generation_id,
            account_id=self._account_id,
            attempt=self.attempt,
            delivered_price=delivered.price,
            usage=delivered.usage,
            sealed_output=delivered.sealed_output,
        )
        await self.send(command, "cancel")

    async def expired(self, delivered: Delivered = NOTHING) -> None:
        command = ExpireGeneration(
            generation_id=self._generation_id,
            account_id=self._account_id,
            which="deadline",
            attempt=self.attempt,
            delivered_price=delivered.price,
            usage=delivered.usage,
            sealed_output=delivered.sealed_output,
        )
        await self.send(command, "expire")

    async def retry(self, code: str, pause_seconds: float | None, fallback: Fallback | None = None) -> None:
        """After *pause_seconds* (None: at once), by *fallback* instead of the model that had it."""
        run_at = None if pause_seconds is None else self._platform.clock.now() + timedelta(seconds=pause_seconds)
        command = RetryGeneration(
            generation_id=self._generation_id,
            account_id=self._account_id,
            attempt=self.attempt,
            code=code,
            run_at=run_at,
            **({} if fallback is None else fallback._asdict()),
        )
        await self.send(command, "retry")

    async def send(self, command: Command, what: str) -> None:
        await self._orders.send(command, f"{what}:{self._generation_id}:{self.attempt}")
        self._platform.counts.count("attempts", outcome=what)
        seconds = time.monotonic() - self._began
        self._platform.counts.observe("attempt_seconds", seconds)
        await self._traced.attempt(self._generation_id, self.attempt, what, seconds)

    def _failure(self, code: str, message: str, *, retryable: bool) -> FailGeneration:
        """Without an attempt of ours the end does not depend on who runs it."""
        return FailGeneration(
            generation_id=self._generation_id,
            account_id=self._account_id,
            attempt=self.attempt or None,
            code=code,
            message=message,
            retryable=retryable,
        )
