"""Takes generations back from workers that are gone, but never from workers that only could not renew."""

import logging
import time
from datetime import datetime, timedelta

from domain.dispatch.ports import Board
from domain.kernel.limits import LEASE_SECONDS

logger = logging.getLogger(__name__)

#: The database's clock may differ so much from the passing of time before it counts as a jump.
JUMP = timedelta(seconds=2)
BATCH = 500


class Reaper:
    """Holds off one whole lease after its own start, an outage of the database, or a jump of the database's clock."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._holds_off_until = 0.0
        self._seen: tuple[datetime, float] | None = None
        self.hold_off("it has just started")

    def hold_off(self, why: str) -> None:
        """Healthy workers need that long to have renewed their leases."""
        self._holds_off_until = time.monotonic() + LEASE_SECONDS
        self._seen = None
        logger.info("leases are not reaped for %d s: %s", LEASE_SECONDS, why)

    async def reap(self) -> int:
        """How many generations were taken back."""
        self._look_at_clock(await self._board.now())
        if time.monotonic() < self._holds_off_until:
            return 0
        reaped = await self._board.reap(BATCH)
        for generation_id in reaped:
            logger.warning("its worker is gone; it will be tried again", extra={"generation_id": str(generation_id)})
        return len(reaped)

    def _look_at_clock(self, now: datetime) -> None:
        monotonic = time.monotonic()
        if self._seen is not None:
            passed = timedelta(seconds=monotonic - self._seen[1])
            if abs(now - self._seen[0] - passed) > JUMP:
                self.hold_off("the database's clock jumped")
        self._seen = (now, monotonic)
