"""Blocking calls of a store in threads of its own, so that a slow disk or network never holds up the process's other threads."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import ParamSpec, TypeVar

THREADS_MAX = 16
PAGE = 500

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A bounded pool. A call that was begun ends, also when its caller is cancelled."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=THREADS_MAX, thread_name_prefix=name)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args, **kwargs))

    async def pages(self, items: Iterator[T]) -> AsyncIterator[T]:
        """The items of a blocking iterator, taken a page at a time."""
        while page := await self.call(lambda: list(islice(items, PAGE))):
            for item in page:
                yield item

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
