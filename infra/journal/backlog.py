"""The commands that wait for the writer, bounded."""

import asyncio
from collections import deque
from collections.abc import Sequence

from domain.kernel.journal_refusals import JournalBusy
from infra.journal.pending import Pending


class Backlog:
    """First come, first served; commands that come back stand first, and groups that must stay apart before all."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._waiting: deque[Pending] = deque()
        self._groups: deque[list[Pending]] = deque()
        self._enough = 1
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting) + sum(map(len, self._groups))

    def add(self, pending: Pending) -> None:
        """Raises JournalBusy at the bound."""
        if len(self._waiting) >= self.size:
            raise JournalBusy(retry_after=1)
        self._waiting.append(pending)
        if len(self._waiting) >= self._enough:
            self._news.set()

    def put_back(self, pendings: Sequence[Pending]) -> None:
        self._waiting.extendleft(reversed(pendings))
        self._news.set()

    def put_back_apart(self, groups: Sequence[list[Pending]]) -> None:
        """Each group becomes a batch of its own."""
        self._groups.extendleft(reversed(groups))
        self._news.set()

    async def wait(self, enough: int) -> None:
        """Until *enough* commands wait, or `wake` is called."""
        self._enough = enough
        if len(self) < enough:
            self._news.clear()
            await self._news.wait()

    def wake(self) -> None:
        self._news.set()

    def take(self, limit: int) -> list[Pending]:
        if self._groups:
            return self._groups.popleft()
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
