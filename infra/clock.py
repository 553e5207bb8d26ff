"""Time and ids from outside: the only places where the house asks for them."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

from domain.kernel.ids import uuid7

RANDOM_BYTES = 10


class SystemClock:
    """Implements `domain.ports.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """Implements `domain.ports.Ids`."""

    def new(self) -> UUID:
        return uuid7(time.time_ns() // 1_000_000, os.urandom(RANDOM_BYTES))
