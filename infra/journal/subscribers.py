"""Who follows the log in this process. Each has a bounded queue, so that a slow one costs only itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from domain.kernel.refusals import Unavailable
from domain.ports import Recorded

WAITING_MAX = 1_000


class FollowerTooSlow(Unavailable):
    """The follower did not take its events in time: it reads the state again and follows anew."""

    detail = "Too many events are waiting to be sent. Follow again in {retry_after} s."


class Subscription:
    """The events of one follower, in order."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Recorded | None] = asyncio.Queue(WAITING_MAX)
        self._overrun = False

    def offer(self, event: Recorded) -> None:
        if self._waiting.full():
            self._overrun = True
        else:
            self._waiting.put_nowait(event)

    def end(self) -> None:
        if not self._waiting.full():
            self._waiting.put_nowait(None)
        self._overrun = True

    async def __aiter__(self) -> AsyncIterator[Recorded]:
        """Ends with the tail.   Raises FollowerTooSlow after the last event that found a place."""
        while not (self._overrun and self._waiting.empty()):
            event = await self._waiting.get()
            if event is None:
                return
            yield event
        raise FollowerTooSlow(retry_after=1)


class Subscribers:
    """The followers by what they follow; None is everything."""

    def __init__(self) -> None:
        self._followers: dict[UUID | None, set[Subscription]] = {}

    @contextmanager
    def subscribe(self, *, account_id: UUID | None, stream: UUID | None) -> Iterator[AsyncIterator[Recorded]]:
        """Events of *stream*, else of *account_id*, else all, from now on."""
        key = stream or account_id
        subscription = Subscription()
        self._followers.setdefault(key, set()).add(subscription)
        try:
            yield aiter(subscription)
        finally:
            self._followers[key].discard(subscription)
            if not self._followers[key]:
                del self._followers[key]

    def publish(self, events: Sequence[Recorded]) -> None:
        if not self._followers:
            return
        for event in events:
            for key in {event.stream, event.account_id, None}:
                for subscription in self._followers.get(key, ()):
                    subscription.offer(event)

    def end(self) -> None:
        for followers in self._followers.values():
            for subscription in followers:
                subscription.end()
