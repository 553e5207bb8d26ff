"""Time and ids from outside: the only places where the house asks for them."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

from domain.kernel.ids import uuid7_of, uuid7_tails

RANDOM_BYTES = 10
IDS_AT_ONCE = 256


class SystemClock:
    """Implements `domain.ports.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """Implements `domain.ports.Ids`. Asks the system for the random bytes of many ids at once; none is used twice."""

    def __init__(self) -> None:
        self._tails: list[int] = []
        # A fork must not go on with what its parent has.
        os.register_at_fork(after_in_child=self._tails.clear)

    def new(self) -> UUID:
        if not self._tails:
            self._tails += uuid7_tails(os.urandom(RANDOM_BYTES * IDS_AT_ONCE))
        return uuid7_of(time.time_ns() // 1_000_000, self._tails.pop())
