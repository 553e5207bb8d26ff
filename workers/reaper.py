"""Takes generations back from workers that are gone, but never from workers that only could not renew."""

import logging
import time
from datetime import datetime, timedelta

from domain.dispatch.ports import Board
from domain.kernel.limits import LEASE_SECONDS

logger = logging.getLogger(__name__)

#: The database's clock may differ so much from the passing of time before it counts as a jump.
JUMP = timedelta(seconds=2)
#: A lease that lapsed that long before the last look was seen by it, unless its row was locked just then: so the looks overlap, and once a
#: minute everything is looked at. What has died under somebody's open snapshot is then walked over once a minute, and not once a second.
OVERLAP = timedelta(seconds=5)
WHOLE_SECONDS = 60.0
BATCH = 500


class Reaper:
    """Holds off one whole lease after its own start, an outage of the database, or a jump of the database's clock."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._holds_off_until = 0.0
        self._seen: tuple[datetime, float] | None = None
        #: Leases that lapsed before need no look, and when all were last looked at.
        self._since: datetime | None = None
        self._looked_at_all = 0.0
        self.hold_off("it has just started")

    def hold_off(self, why: str) -> None:
        """Healthy workers need that long to have renewed their leases."""
        self._holds_off_until = time.monotonic() + LEASE_SECONDS
        self._seen = self._since = None
        logger.info("leases are not reaped for %d s: %s", LEASE_SECONDS, why)

    async def reap(self) -> int:
        """How many generations were taken back."""
        now = await self._board.now()
        self._look_at_clock(now)
        if time.monotonic() < self._holds_off_until:
            return 0
        reaped = await self._board.reap(BATCH, since=self._begin())
        if len(reaped) < BATCH:
            self._since = now - OVERLAP
        for generation_id in reaped:
            logger.warning("its worker is gone; it will be tried again", extra={"generation_id": str(generation_id)})
        return len(reaped)

    def _begin(self) -> datetime | None:
        """From when on leases are looked at now; None: all."""
        if self._since is not None and time.monotonic() - self._looked_at_all < WHOLE_SECONDS:
            return self._since
        self._looked_at_all = time.monotonic()
        return None

    def _look_at_clock(self, now: datetime) -> None:
        monotonic = time.monotonic()
        if self._seen is not None:
            passed = timedelta(seconds=monotonic - self._seen[1])
            if abs(now - self._seen[0] - passed) > JUMP:
                self.hold_off("the database's clock jumped")
        self._seen = (now, monotonic)
