"""Time and ids from outside: the only places where the house asks for them."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

from domain.kernel.ids import uuid7

RANDOM_BYTES = 10
IDS_AT_ONCE = 256


class SystemClock:
    """Implements `domain.ports.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """Implements `domain.ports.Ids`. Asks the system for the random bytes of many ids at once; none is used twice."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._random = b""
        self._used = 0

    def new(self) -> UUID:
        begin = self._used
        if begin == len(self._random) or self._pid != os.getpid():
            # A fork must not go on with its parent's bytes.
            self._pid, self._random, begin = os.getpid(), os.urandom(RANDOM_BYTES * IDS_AT_ONCE), 0
        self._used = begin + RANDOM_BYTES
        return uuid7(time.time_ns() // 1_000_000, self._random[begin : self._used])
