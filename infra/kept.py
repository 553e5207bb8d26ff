"""What a process remembers of things that have ids: so many of them, each for so long."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar
from uuid import UUID

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """At most *size* values; those that were kept first go first. Each is fresh for *seconds*."""

    def __init__(self, size: int, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._seconds = seconds
        self._monotonic = monotonic
        #: By the numbers of the ids: hashing an id is a function in Python.
        self._values: OrderedDict[int, tuple[float, Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def fresh(self, id: UUID) -> Value | None:
        known = self._values.get(id.int)
        return known[1] if known is not None and known[0] > self._monotonic() else None

    def known(self, id: UUID) -> Value | None:
        """Also what is not fresh any more."""
        known = self._values.get(id.int)
        return None if known is None else known[1]

    def has(self, id: UUID, value: Value) -> bool:
        """Whether this very *value* is fresh."""
        known = self._values.get(id.int)
        return known is not None and known[1] is value and known[0] > self._monotonic()

    def keep(self, id: UUID, value: Value) -> Value:
        self._values[id.int] = self._monotonic() + self._seconds, value
        self._values.move_to_end(id.int)
        if len(self._values) > self._size:
            self._values.popitem(last=False)
        return value

    def drop(self, id: UUID) -> None:
        self._values.pop(id.int, None)

    def clear(self) -> None:
        self._values.clear()
