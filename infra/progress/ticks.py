"""Progress in Redis: one short text for each running generation, gone by itself after an hour."""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.telling.wire import Shared, channel_of, encoded

PREFIX = "progress:"
KEPT_SECONDS = 3_600
#: Longer nobody waits for a hint.
BUDGET_SECONDS = 0.05
#: After a failure Redis is left alone so long.
REST_SECONDS = 2.0
#: Ticks on their way; more are left out.
WRITING_MAX = 1_000


class RedisProgress:
    """Implements `domain.ports.Progress`. Without Redis nothing is told and nothing is known; nobody else notices."""

    def __init__(self, redis: Redis, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._rests_until = 0.0
        self._log = structlog.get_logger()
        self._writing: set[asyncio.Task[None]] = set()

    def tell(self, generation_id: UUID, share: float, *, account_id: UUID | None = None) -> None:
        if self._resting or len(self._writing) >= WRITING_MAX:
            return
        task = asyncio.create_task(self._write(generation_id, min(1.0, max(0.0, share)), account_id))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def of(self, generation_ids: Sequence[UUID]) -> dict[UUID, float]:
        if not generation_ids or self._resting:
            return {}
        try:
            async with asyncio.timeout(BUDGET_SECONDS):
                found = await self._redis.mget([f"{PREFIX}{each}" for each in generation_ids])
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)
            return {}
        return {each: float(text) for each, text in zip(generation_ids, found, strict=True) if text is not None}

    async def close(self) -> None:
        """Let the last ticks go out; each has its budget."""
        await asyncio.gather(*self._writing)

    @property
    def _resting(self) -> bool:
        return self._monotonic() < self._rests_until

    async def _write(self, generation_id: UUID, share: float, account_id: UUID | None) -> None:
        try:
            async with asyncio.timeout(BUDGET_SECONDS), self._redis.pipeline() as pipe:
                pipe.set(f"{PREFIX}{generation_id}", f"{share:.3f}", ex=KEPT_SECONDS)
                if account_id is not None:
                    pipe.publish(channel_of(account_id), encoded(Shared(generation_id, share)))
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)

    def _rest(self, error: Exception) -> None:
        self._rests_until = self._monotonic() + REST_SECONDS
        self._log.info("progress is not shown at the moment", error=type(error).__name__)
