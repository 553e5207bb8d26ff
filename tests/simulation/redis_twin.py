"""Bells of the simulation: counters by wake queue that can be lost, repeated and out of reach."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis

from workers.bells import Shifts, wake_queue


class Bells:
    """What Redis holds of bells. `away`: nobody is answered; `forgetful`: each bell may be lost or ring twice."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.away = False
        self.forgetful = False
        self._counts: dict[str, int] = {}
        self._rung: dict[str, asyncio.Event] = {}

    def top_up(self, queue_name: str, bells: int) -> None:
        """Raises redis.RedisError."""
        if self.away:
            raise redis.ConnectionError("away")
        if self.forgetful and self._dice.random() < 0.3:
            bells = self._dice.choice([0, bells + 2])
        self._counts[queue_name] = max(self._counts.get(queue_name, 0), bells)
        self._event(queue_name).set()

    def flush(self) -> None:
        self._counts.clear()

    def _event(self, name: str) -> asyncio.Event:
        return self._rung.setdefault(name, asyncio.Event())

    async def take(self, name: str) -> None:
        """A bell of the queue."""
        while self.away or not self._counts.get(name):
            event = self._event(name)
            event.clear()
            await event.wait()
        self._counts[name] -= 1

    @contextmanager
    def answering(self, redis_url: str, queues: Sequence[str], shifts: Shifts) -> Iterator[None]:
        """In place of `workers.bells.answering`: one bell after another starts a shift, for as long as the block lasts."""

        async def answer() -> None:
            while True:
                await self.take(wake_queue(queues))
                await asyncio.sleep(self._dice.uniform(0.0, 0.02))
                await shifts.shift()

        task = asyncio.get_running_loop().create_task(answer())
        try:
            yield
        finally:
            task.cancel()
