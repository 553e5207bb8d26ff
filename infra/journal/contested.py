"""Which streams other processes write too, so that commands on them go to the lock at once instead of losing two rounds first."""

import time
from collections.abc import Iterable, Sequence
from uuid import UUID

from infra.journal.pending import Pending

#: Appends that may refuse a command before it is decided under the lock.
REFUSED_MAX = 2
#: So long a stream counts as contested after others were last seen to write it; then the cheap way is tried again.
CONTESTED_SECONDS = 0.5
STREAMS_MAX = 1_000


class Contested:
    """Remembers the streams that had to be decided under the lock."""

    def __init__(self) -> None:
        self._until: dict[UUID, float] = {}

    def split(self, batch: Sequence[Pending]) -> tuple[list[Pending], list[Pending]]:
        """Those for the lock, and the others."""
        now = time.monotonic()
        self._learn(batch, now)
        hot = [pending for pending in batch if self._is_hot(pending, now)]
        calm = [pending for pending in batch if not self._is_hot(pending, now)] if hot else list(batch)
        if not hot:
            self._until.clear()
        return hot, calm

    def renew(self, overtaken: Iterable[UUID]) -> None:
        """Others have just written these: the cheap way would lose again, and losing a large stream means reading it again."""
        until = time.monotonic() + CONTESTED_SECONDS
        self._until.update((stream, until) for stream in overtaken if stream in self._until)

    def _is_hot(self, pending: Pending, now: float) -> bool:
        if pending.refused >= REFUSED_MAX:
            return True
        return bool(self._until) and any(self._until.get(need.id, 0.0) > now for need in pending.needs)

    def _learn(self, batch: Iterable[Pending], now: float) -> None:
        for pending in batch:
            if pending.refused >= REFUSED_MAX and len(self._until) < STREAMS_MAX:
                for need in pending.needs:
                    self._until[need.id] = now + CONTESTED_SECONDS
