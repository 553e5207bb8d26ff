"""How many streams an account has open, counted across processes by what Redis knows of their connections.

A place is a channel that a process subscribes to. When the process dies, its connection goes and the place with it, at once; no
place has to time out before a client may come back.
"""

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.kernel.limits import STREAMS_MAX
from domain.telling.refusals import TooManyStreams
from infra.telling.line import Line

#: Between the claim of a place and the subscription that holds it.
CLAIM_MILLISECONDS = 3_000
BUDGET_SECONDS = 0.25
# The first place that nobody holds and nobody is about to; 0: there is none.
FREE = f"""
for place = 1, {STREAMS_MAX} do
    local held = redis.call('PUBSUB', 'NUMSUB', KEYS[1] .. place)
    if held[2] == 0 and redis.call('SET', KEYS[1] .. 'claim:' .. place, ARGV[1], 'NX', 'PX', {CLAIM_MILLISECONDS}) then
        return place
    end
end
return 0
"""
RETRY_SECONDS = 5


class RedisPlaces:
    """Implements `domain.telling.ports.Places`. Without Redis each process counts alone."""

    def __init__(self, redis: Redis, line: Line) -> None:
        self._redis = redis
        self._line = line
        self._name = str(uuid4())
        self._own: Counter[UUID] = Counter()
        self._log = structlog.get_logger()

    @property
    def open(self) -> int:
        return self._own.total()

    async def take(self, account_id: UUID) -> "RedisPlace":
        if self._own[account_id] >= STREAMS_MAX:
            raise TooManyStreams(limit=STREAMS_MAX, retry_after=RETRY_SECONDS)
        self._own[account_id] += 1
        try:
            number = await self._free(account_id)
            if number == 0:
                raise TooManyStreams(limit=STREAMS_MAX, retry_after=RETRY_SECONDS)
            place = RedisPlace(self, account_id, None if number is None else f"{_prefix(account_id)}{number}")
            if place.channel is not None and await self._line.join(place.channel, lambda said: None):
                # The connection holds it from here on, and only as long as this process lives.
                await self._unclaim(f"{_prefix(account_id)}claim:{number}")
        except BaseException:
            self._forget(account_id)
            raise
        return place

    def given_back(self, place: "RedisPlace") -> None:
        self._forget(place.account_id)
        if place.channel is not None:
            self._line.leave(place.channel)

    async def _free(self, account_id: UUID) -> int | None:
        """The number of a free place, 0 when there is none; None: Redis does not say."""
        try:
            async with asyncio.timeout(BUDGET_SECONDS):
                return int(await self._redis.eval(FREE, 1, _prefix(account_id), self._name))
        except (RedisError, OSError, TimeoutError) as error:
            self._log.info("streams are counted by each process alone", error=type(error).__name__)
            return None

    async def _unclaim(self, key: str) -> None:
        try:
            async with asyncio.timeout(BUDGET_SECONDS):
                await self._redis.delete(key)
        except (RedisError, OSError, TimeoutError):
            return

    def _forget(self, account_id: UUID) -> None:
        self._own[account_id] -= 1
        if self._own[account_id] <= 0:
            del self._own[account_id]


class RedisPlace:
    """Implements `domain.telling.ports.Place`. `channel` None: only this process knows of it."""

    def __init__(self, places: RedisPlaces, account_id: UUID, channel: str | None) -> None:
        self.account_id = account_id
        self.channel = channel
        self._places: RedisPlaces | None = places

    def leave(self) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.given_back(self)


def _prefix(account_id: UUID) -> str:
    return f"telling:place:{account_id}:"
