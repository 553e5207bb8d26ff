"""The API's side of what passes: whoever follows an account hears it on the process's one line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.ports import SubjectKey, Vault
from domain.telling.ports import Piece, Share
from infra.telling import wire
from infra.telling.line import Line

#: What waits for one follower; who falls behind looks at what is kept.
WAITING_MAX = 500


class Follower:
    """What one stream has still to hear."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[wire.Message | None] = asyncio.Queue(WAITING_MAX)
        self._missed = False

    def offer(self, message: wire.Message | None) -> None:
        if self._waiting.full():
            self._missed = True
        else:
            self._waiting.put_nowait(message)

    async def next(self) -> wire.Message | None:
        if self._missed and self._waiting.empty():
            self._missed = False
            return None
        return await self._waiting.get()


class RedisHints:
    """Implements `domain.telling.ports.Hints`. Without Redis nothing is heard; nobody else notices."""

    def __init__(self, redis: Redis, line: Line, vault: Vault) -> None:
        self._redis = redis
        self._line = line
        self._vault = vault
        self._followers: dict[UUID, set[Follower]] = {}
        self._log = structlog.get_logger()

    @asynccontextmanager
    async def follow(self, account_id: UUID) -> AsyncIterator[AsyncIterator[Piece | Share | None]]:
        follower, channel = Follower(), wire.channel_of(account_id)
        first = account_id not in self._followers
        self._followers.setdefault(account_id, set()).add(follower)
        try:
            if first:
                await self._line.join(channel, lambda said: self._hear(account_id, said))
            yield self._told(follower, account_id)
        finally:
            self._followers[account_id].discard(follower)
            if not self._followers[account_id]:
                del self._followers[account_id]
                self._line.leave(channel)

    async def written(self, account_id: UUID, generation_id: UUID, attempt: int) -> str:
        try:
            async with asyncio.timeout(wire.BUDGET_SECONDS):
                kept = await self._redis.lrange(wire.text_key(generation_id, attempt), 0, -1)
        except (RedisError, OSError, TimeoutError) as error:
            self._log.info("texts are not shown at the moment", error=type(error).__name__)
            return ""
        key = await self._vault.key(account_id) if kept else None
        text = ""
        for message in map(wire.decoded, kept):
            if key is None or not isinstance(message, wire.Written) or message.offset > len(text):
                break
            # A piece that was told twice begins where it began before.
            text += _opened(key, message)[len(text) - message.offset :]
        return text

    async def _told(self, follower: Follower, account_id: UUID) -> AsyncIterator[Piece | Share | None]:
        while True:
            match await follower.next():
                case wire.Written() as message:
                    text = _opened(await self._vault.key(account_id), message)
                    yield Piece(generation_id=message.generation_id, attempt=message.attempt, offset=message.offset, text=text)
                case wire.Shared() as message:
                    yield Share(generation_id=message.generation_id, share=message.share)
                case None:
                    yield None

    def _hear(self, account_id: UUID, said: bytes | None) -> None:
        try:
            message = None if said is None else wire.decoded(said)
        except msgspec.DecodeError:
            # Of another release: what it says is kept, or comes as a fact.
            return
        for follower in self._followers.get(account_id, ()):
            follower.offer(message)


def _opened(key: SubjectKey, message: wire.Written) -> str:
    return key.open(message.sealed, about=wire.about(message.generation_id))
