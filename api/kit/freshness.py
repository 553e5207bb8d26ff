"""Read-your-writes: a read waits until its read model has seen what its reader wrote.

One poller per process asks for the positions of the read models, and only while somebody waits or the last answer is old.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from uuid import UUID

from api.kit.refusals import PositionUnknown, ReadModelBehind
from api.platform import Platform

DEFAULT_WAIT_SECONDS = 2.0
ASKED_WAIT_SECONDS = 5.0
POLL_SECONDS = 0.01
STALE_SECONDS = 1.0
WRITERS_MAX = 10_000


class Freshness:
    """How far the read models have seen, and what this process's callers have written last."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._seen: Mapping[str, int] = {}
        self._asked_at = float("-inf")
        self._polling: asyncio.Task[None] | None = None
        #: By the number of the account's id: hashing an id is a function in Python.
        self._written: OrderedDict[int, int] = OrderedDict()

    def wrote(self, account_id: UUID, position: int) -> None:
        """Remember what *account_id* wrote through this process, also to streams of others (operators)."""
        account = account_id.int
        self._written[account] = max(position, self._written.get(account, 0))
        self._written.move_to_end(account)
        if len(self._written) > WRITERS_MAX:
            self._written.popitem(last=False)

    async def reach(self, model: str, *, reader: UUID | None, min_position: int | None) -> tuple[int, bool]:
        """How far *model* has seen, and whether that is still behind what the reader may expect.

        Raises PositionUnknown, and ReadModelBehind when an explicit *min_position* is not reached in time.
        """
        target = await self._target(reader, min_position)
        timeout = DEFAULT_WAIT_SECONDS if min_position is None else ASKED_WAIT_SECONDS
        seen = await self._wait(model, target, timeout)
        if min_position and seen < target:
            raise ReadModelBehind(retry_after=1)
        return seen, seen < target

    async def _target(self, reader: UUID | None, min_position: int | None) -> int:
        if min_position is not None:
            if min_position and min_position > await self._platform.journal.head():
                raise PositionUnknown()
            return min_position
        if reader is None:
            return 0
        return max(await self._platform.journal.last_position(reader), self._written.get(reader.int, 0))

    async def _wait(self, model: str, target: int, timeout: float) -> int:
        now = time.monotonic()
        if self._seen.get(model, 0) < target or now - self._asked_at > STALE_SECONDS:
            deadline = now + timeout
            await self._poll()
            while self._seen.get(model, 0) < target and time.monotonic() < deadline:
                await asyncio.sleep(POLL_SECONDS)
                await self._poll()
        return self._seen.get(model, 0)

    async def _poll(self) -> None:
        """Ask once for everybody who waits at this moment."""
        if self._polling is None:
            self._polling = asyncio.create_task(self._ask())
        await asyncio.shield(self._polling)

    async def _ask(self) -> None:
        try:
            self._seen = await self._platform.positions.current()
            self._asked_at = time.monotonic()
        finally:
            self._polling = None
