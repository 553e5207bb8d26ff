"""What is under way in this process: a bounded number of places for each caller, and things that are made once however many ask."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID


class Place:
    """One thing under way; `bytes` is what it has so far."""

    def __init__(self) -> None:
        self.bytes = 0


class Places:
    """Who has how many things under way."""

    def __init__(self) -> None:
        self._taken: dict[UUID, list[Place]] = {}

    @contextmanager
    def take(self, whose: UUID, *, most: int, refused: Callable[[], Exception]) -> Iterator[Place]:
        """A place until the block ends.   Raises what *refused* makes when *whose* places are all taken."""
        taken = self._taken.setdefault(whose, [])
        if len(taken) >= most:
            raise refused()
        place = Place()
        taken.append(place)
        try:
            yield place
        finally:
            taken.remove(place)
            if not taken:
                del self._taken[whose]

    def bytes_of(self, whose: UUID) -> int:
        return sum(place.bytes for place in self._taken.get(whose, ()))


class Flights:
    """Who asks for what is being made already waits for it. It is made to its end, also when those who asked have left."""

    def __init__(self) -> None:
        self._making: dict[Hashable, asyncio.Task[Any]] = {}

    async def once(self, what: Hashable, make: Callable[[], Awaitable[Any]]) -> Any:
        """What *make* gives or raises."""
        task = self._making.get(what)
        if task is None:
            task = self._making[what] = asyncio.ensure_future(make())
            task.add_done_callback(lambda done: self._landed(what, done))
        return await asyncio.shield(task)

    def _landed(self, what: Hashable, done: "asyncio.Task[Any]") -> None:
        del self._making[what]
        if not done.cancelled():
            # Seen, also when nobody waits for it any more.
            done.exception()
