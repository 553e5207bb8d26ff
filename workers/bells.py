"""Bells: messages that say "look now" to a group of workers, and nothing else. Losing or repeating one costs only time. # ADR-0008"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

NAMESPACE = "daybook"
ACTOR = "shift"
#: How long a worker's consumer sleeps at most between two looks into an empty queue.
POLL_MS = 20
RING_TIMEOUT_SECONDS = 0.05
LISTEN_TIMEOUT_SECONDS = 1.0
#: After a failed ring Redis is left alone so long, after each further one twice as long.
QUIET_SECONDS = 0.1
QUIET_SECONDS_MAX = 5.0


def wake_queue(queues: Sequence[str]) -> str:
    """The one wake queue of all workers that serve *queues*."""
    return "wake-" + "-".join(sorted(queues))


class Ringer:
    """The dispatcher's side. A ring happens in a thread and takes at most a few dozen milliseconds, whatever Redis does."""

    def __init__(self, redis_url: str) -> None:
        self._broker = BellBroker(redis_url, RING_TIMEOUT_SECONDS)
        self._thread = ThreadPoolExecutor(1, "bells")
        self._quiet_until = 0.0
        self._failures = 0

    async def ring(self, queues: Sequence[str], bells: int) -> int:
        """See to it that *bells* bells are outstanding. Returns how many had to be added: none when Redis is away."""
        if time.monotonic() < self._quiet_until:
            return 0
        try:
            rung = await asyncio.get_running_loop().run_in_executor(self._thread, self._broker.top_up, wake_queue(queues), bells)
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + min(QUIET_SECONDS_MAX, QUIET_SECONDS * 2**self._failures)
            self._failures += 1
            logger.warning("no bells, workers find their work by polling: %s", error)
            return 0
        self._failures = 0
        return rung

    def close(self) -> None:
        self._thread.shutdown(wait=False)
        self._broker.client.close()


class Shifts(Protocol):
    """What a bell starts."""

    async def shift(self) -> None:
        """Returns when nothing more can be claimed."""


@contextmanager
def answering(redis_url: str, queues: Sequence[str], shifts: Shifts) -> Iterator[None]:
    """Answer bells for as long as the block lasts, by shifts on the running event loop.

    One thread: a shift takes all that it can, so a second bell has nothing to do until the first is answered.
    """
    loop = asyncio.get_running_loop()
    broker = BellBroker(redis_url, LISTEN_TIMEOUT_SECONDS)

    def shift() -> None:
        if not loop.is_closed():
            answered: Future[None] = asyncio.run_coroutine_threadsafe(shifts.shift(), loop)
            answered.result()

    dramatiq.actor(broker=broker, actor_name=ACTOR, queue_name=wake_queue(queues))(shift)
    worker = dramatiq.Worker(broker, worker_timeout=POLL_MS, worker_threads=1)
    worker.queue_prefetch = 1
    worker.start()
    try:
        yield
    finally:
        # Not `Worker.stop`: it would wait for Redis. What is unanswered is only a bell.
        for thread in worker.workers:
            thread.stop()
        for consumer in worker.consumers.values():
            consumer.stop()


class BellBroker(RedisBroker):
    """A Redis broker without what bells do not need: middleware, delayed messages, repeats of commands."""

    def __init__(self, redis_url: str, timeout_seconds: float) -> None:
        client = redis.Redis.from_url(
            redis_url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            # The library's ten repeats would block for seconds, and an enqueue that is repeated is two messages.
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )
        super().__init__(client=client, middleware=[], namespace=NAMESPACE)

    def declare_queue(self, queue_name: str) -> None:
        """Without the queue for delayed messages, which would be polled as well."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def top_up(self, queue_name: str, bells: int) -> int:
        """Bells are all alike, so only their number counts. Returns how many were added.   Raises redis.RedisError."""
        missing = max(0, bells - int(self.client.llen(f"{self.namespace}:{queue_name}")))
        for _ in range(missing):
            self.enqueue(dramatiq.Message(queue_name=queue_name, actor_name=ACTOR, args=(), kwargs={}, options={}))
        return missing
