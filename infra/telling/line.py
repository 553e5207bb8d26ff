"""One subscription connection per process: channels come and go on it, and who listens hears what is said on them."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

PAUSE_SECONDS = 1.0
#: So long a new channel may take to be there.
JOIN_SECONDS = 1.0
#: After so long without a word the connection is asked whether it is still there; then it has as long to answer.
SILENCE_SECONDS = 15.0

logger = logging.getLogger(__name__)
#: Given what was said; None: the connection was lost in between, so something may have been missed.
Heard = Callable[[bytes | None], None]


class Line:
    """Only its own task uses the connection. Others say what they want, and wake it with a message on a channel of its own."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._own = f"telling:line:{uuid4()}"
        self._wanted: dict[str, Heard] = {self._own: lambda said: None}
        #: Channels that Redis has confirmed on this connection, and who waits for that.
        self._confirmed: set[str] = set()
        self._joining: dict[str, asyncio.Event] = {}
        self._waking: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        for task in [*self._waking, *([self._task] if self._task else [])]:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def join(self, channel: str, heard: Heard) -> bool:
        """Hear what is said on *channel* from now on. False: Redis has not confirmed it yet; it is tried on."""
        self._wanted[channel] = heard
        joining = self._joining[channel] = asyncio.Event()
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                await self._wake()
                await joining.wait()
        except TimeoutError:
            return False
        return True

    def leave(self, channel: str) -> None:
        """Hear no more of *channel*. Redis is told soon."""
        self._wanted.pop(channel, None)
        self._joining.pop(channel, None)
        task = asyncio.create_task(self._wake())
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)

    async def _wake(self) -> None:
        with suppress(RedisError, OSError):
            await self._redis.publish(self._own, b"")

    async def _run(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as connection:
                    await self._listen(connection)
            except (RedisError, OSError) as error:
                logger.info("nothing is heard from Redis at the moment: %s", error)
            self._confirmed.clear()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, connection: PubSub) -> None:
        joined: set[str] = set()
        asked = False
        while True:
            await self._adjust(connection, joined)
            message = await connection.get_message(timeout=SILENCE_SECONDS)
            if message is None:
                if asked:
                    raise TimeoutError("no answer")
                await connection.ping()
            elif message["type"] == "message":
                self._hear(message["channel"].decode(), message["data"])
            elif message["type"] == "subscribe":
                self._confirm(message["channel"].decode())
            asked = message is None

    async def _adjust(self, connection: PubSub, joined: set[str]) -> None:
        """Subscribe to what is wanted, and to nothing else."""
        new, left = self._wanted.keys() - joined, joined - self._wanted.keys()
        if new:
            await connection.subscribe(*new)
        if left:
            await connection.unsubscribe(*left)
        joined |= new
        joined -= left
        self._confirmed -= left
        for channel in self._confirmed & self._joining.keys():
            self._joining.pop(channel).set()

    def _confirm(self, channel: str) -> None:
        self._confirmed.add(channel)
        joining = self._joining.pop(channel, None)
        if joining is not None:
            joining.set()
        else:
            # Nobody waits for it: the connection is a new one.
            self._hear(channel, None)

    def _hear(self, channel: str, said: bytes | None) -> None:
        heard = self._wanted.get(channel)
        if heard is not None:
            heard(said)
