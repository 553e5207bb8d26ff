"""Tickets for streams, in Redis: each is there until it is used, at most a minute. What is kept is only their hash."""

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.access.ports import Principal
from domain.kernel.limits import STREAM_TICKET_SECONDS
from domain.telling.refusals import TicketInvalid, TicketsUnavailable
from infra.telling import wire

TICKET_CHARS_MAX = 100
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Principal).decode


class RedisTickets:
    """Implements `domain.telling.ports.Tickets`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def issue(self, principal: Principal, *, now: datetime) -> tuple[str, datetime]:
        ticket = secrets.token_urlsafe(32)
        try:
            async with asyncio.timeout(wire.BUDGET_SECONDS):
                await self._redis.set(_key(ticket), _ENCODE(principal), ex=STREAM_TICKET_SECONDS)
        except (RedisError, OSError, TimeoutError) as error:
            raise TicketsUnavailable(retry_after=1) from error
        return ticket, now + timedelta(seconds=STREAM_TICKET_SECONDS)

    async def redeem(self, ticket: str) -> Principal:
        if len(ticket) > TICKET_CHARS_MAX:
            raise TicketInvalid()
        try:
            async with asyncio.timeout(wire.BUDGET_SECONDS):
                kept = await self._redis.getdel(_key(ticket))
        except (RedisError, OSError, TimeoutError) as error:
            raise TicketsUnavailable(retry_after=1) from error
        if kept is None:
            raise TicketInvalid()
        return _DECODE(kept)


def _key(ticket: str) -> str:
    return f"telling:ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
