"""The fence of an attempt: the fact that it began, and who works on it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from domain.dispatch.ports import Claimed, News
from domain.generations.commands import StartGeneration
from domain.generations.handlers import FIRST_ATTEMPT
from domain.generations.refusals import GenerationFinal, GenerationNotFound
from workers.ends import Ends
from workers.orders import Orders
from workers.patience import patiently
from workers.platform import WorkerPlatform

#: So long a first attempt may be under way before its start is recorded. Callers see it as queued meanwhile.
LATE_SECONDS = 0.05


class Start:
    """Recorded before the work begins, or, where doing the work twice does no harm, a moment after, or with its end.

    *tell*: who works hears by it that the attempt is nobody's, or that a cancel was asked.
    """

    def __init__(
        self, platform: WorkerPlatform, orders: Orders, ends: Ends, owner: UUID, claimed: Claimed, tell: Callable[[News], None]
    ) -> None:
        self._platform = platform
        self._orders = orders
        self._ends = ends
        self._owner = owner
        self._claimed = claimed
        self._tell = tell
        #: Somebody else was at it before, and was lost in the middle of it.
        self.taken_over = False
        self._began_at: datetime | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._recording: asyncio.Task[bool] | None = None

    @property
    def recorded(self) -> bool:
        """Whether others can know of it."""
        return self._recording is not None and self._recording.done()

    def later(self) -> None:
        """The first attempt begins now, and is recorded in a moment unless its end comes before."""
        self._began_at = self._platform.clock.now()
        self._ends.attempt = self._ends.attempts = FIRST_ATTEMPT
        self._alarm = asyncio.get_running_loop().call_later(LATE_SECONDS, self._begin)

    async def now(self) -> bool:
        """Returns when it is recorded. False when the row led nowhere.   Raises one of NOT_OURS."""
        return await asyncio.shield(self._begin())

    def with_the_end(self) -> datetime | None:
        """When it began, if that is not being recorded yet: then it never is by itself."""
        self._forget_alarm()
        return self._began_at if self._recording is None else None

    def _begin(self) -> "asyncio.Task[bool]":
        self._forget_alarm()
        if self._recording is None:
            self._recording = asyncio.create_task(self._record())
            self._recording.add_done_callback(self._look)
        return self._recording

    def _forget_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _look(self, recording: "asyncio.Task[bool]") -> None:
        if recording.cancelled() or recording.exception() is not None or not recording.result():
            self._tell(News.LOST)

    async def _record(self) -> bool:
        """Append it. False when the row led nowhere."""
        generation_id = self._claimed.generation_id
        command = StartGeneration(generation_id=generation_id, worker=self._orders.actor, began_at=self._began_at)
        try:
            receipt = await self._orders.send(command, f"start:{generation_id}:{self._owner}:{self._claimed.claims}")
        except (GenerationFinal, GenerationNotFound):
            await patiently("drop", lambda: self._platform.claims.drop(self._owner, generation_id))
            return False
        self._ends.attempt = receipt.result["attempt"]
        self._ends.attempts = receipt.result["attempts"]
        self.taken_over = receipt.result.get("taken_over", False)
        if receipt.result["cancel_requested"]:
            self._tell(News.CANCELED)
        return True
