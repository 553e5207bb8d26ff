"""Who follows the log in this process. Each has a bounded queue, so that a slow one costs only itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from domain.kernel.refusals import Unavailable
from domain.ports import Recorded

WAITING_MAX = 1_000

#: A row of the log, not decoded yet; see reads.COLUMNS.
Raw = Sequence[Any]
STREAM, TOPIC, ACCOUNT = 1, 3, 6


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
    """The followers by what they follow: a stream, an account, a feature; None is everything."""

    def __init__(self) -> None:
        self._followers: dict[UUID | str | None, set[Subscription]] = {}

    @contextmanager
    def subscribe(self, key: UUID | str | None) -> Iterator[AsyncIterator[Recorded]]:
        """Events of *key* from now on."""
        subscription = Subscription()
        self._followers.setdefault(key, set()).add(subscription)
        try:
            yield aiter(subscription)
        finally:
            self._followers[key].discard(subscription)
            if not self._followers[key]:
                del self._followers[key]

    def features(self) -> list[str] | None:
        """The features that are followed, when nobody follows anything narrower or wider; else None."""
        keys = list(self._followers)
        return [key for key in keys if isinstance(key, str)] if all(isinstance(key, str) for key in keys) else None

    def publish(self, rows: Sequence[Raw], decode: Callable[[Raw], Recorded]) -> None:
        """Offer each event to whom it concerns. What concerns nobody, by far the most, is not even decoded.

        If one cannot be read, what `decode` raises is raised before anything is offered: *rows* can be published again.
        """
        followers = self._followers
        if not followers:
            return
        offers: list[tuple[Subscription, Recorded]] = []
        for row in rows:
            event: Recorded | None = None
            for key in {row[STREAM], row[ACCOUNT], row[TOPIC].partition(".")[0], None}:
                for subscription in followers.get(key, ()):
                    event = event or decode(row)
                    offers.append((subscription, event))
        for subscription, event in offers:
            subscription.offer(event)

    def end(self) -> None:
        for followers in self._followers.values():
            for subscription in followers:
                subscription.end()
