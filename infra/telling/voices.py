"""Texts as they are written, from a worker into Redis: gathered for a moment, sealed, kept and told in one message."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.ports import SubjectKey
from infra.telling import wire

#: Pieces of a text come word by word; those of so long are told together.
GATHER_SECONDS = 0.05
#: A text that grows while Redis is away is gathered up to here; what comes after is in the result.
WAITING_CHARS_MAX = 1 << 20
#: In one message.
PIECE_CHARS_MAX = 16_000


class RedisSaying:
    """Implements `domain.telling.ports.Saying`."""

    def __init__(self, redis: Redis, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._rests_until = 0.0
        self._log = structlog.get_logger()

    def voice(self, generation_id: UUID, *, account_id: UUID, attempt: int, key: SubjectKey) -> "RedisVoice":
        return RedisVoice(self, generation_id, account_id=account_id, attempt=attempt, key=key)

    async def write(self, account_id: UUID, key: str, message: wire.Written) -> bool:
        """Keep the piece, and tell it. False: Redis did not answer."""
        if self._monotonic() < self._rests_until:
            return False
        said = wire.encoded(message)
        try:
            async with asyncio.timeout(wire.BUDGET_SECONDS), self._redis.pipeline() as pipe:
                pipe.rpush(key, said)
                pipe.expire(key, wire.KEPT_SECONDS)
                pipe.publish(wire.channel_of(account_id), said)
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._rests_until = self._monotonic() + wire.REST_SECONDS
            self._log.info("texts are not told at the moment", error=type(error).__name__)
            return False
        return True

    async def let_go(self, key: str) -> None:
        if self._monotonic() < self._rests_until:
            return
        try:
            async with asyncio.timeout(wire.BUDGET_SECONDS):
                await self._redis.expire(key, wire.KEPT_AFTER_END_SECONDS)
        except (RedisError, OSError, TimeoutError):
            self._rests_until = self._monotonic() + wire.REST_SECONDS


class RedisVoice:
    """Implements `domain.telling.ports.Voice`. One writer at a time, so that pieces stay in order."""

    def __init__(self, saying: RedisSaying, generation_id: UUID, *, account_id: UUID, attempt: int, key: SubjectKey) -> None:
        self._saying = saying
        self._generation_id = generation_id
        self._account_id = account_id
        self._attempt = attempt
        self._key = key
        self._kept_at = wire.text_key(generation_id, attempt)
        self._waiting: list[str] = []
        self._waiting_chars = 0
        self._told = 0
        self._mute = False
        self._ended = False
        self._writer: asyncio.Task[None] | None = None

    def say(self, text: str) -> None:
        # Once something is left out, all that follows is: what is told has no holes.
        self._mute = self._mute or self._waiting_chars + len(text) > WAITING_CHARS_MAX
        if not text or self._mute:
            return
        self._waiting.append(text)
        self._waiting_chars += len(text)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_soon())

    async def end(self) -> None:
        self._ended = self._mute = True
        if (writer := self._writer) is not None:
            # What Redis does not take now is in the result.
            await asyncio.wait({writer}, timeout=wire.BUDGET_SECONDS)
            writer.cancel()
        if self._told:
            await self._saying.let_go(self._kept_at)

    async def _write_soon(self) -> None:
        try:
            await asyncio.sleep(GATHER_SECONDS)
            while self._waiting:
                text = "".join(self._waiting)
                piece, rest = text[:PIECE_CHARS_MAX], text[PIECE_CHARS_MAX:]
                self._waiting, self._waiting_chars = [rest] if rest else [], len(rest)
                if not await self._write(piece):
                    # What follows must wait too: the order must hold.
                    self._waiting.insert(0, piece)
                    self._waiting_chars += len(piece)
                    if self._ended:
                        return
                    await asyncio.sleep(wire.REST_SECONDS)
        finally:
            self._writer = None

    async def _write(self, piece: str) -> bool:
        sealed = self._key.seal(piece, about=wire.about(self._generation_id))
        message = wire.Written(self._generation_id, self._attempt, self._told, sealed)
        written = await self._saying.write(self._account_id, self._kept_at, message)
        if written:
            self._told += len(piece)
        return written
