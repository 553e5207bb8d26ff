"""Chance that repeats: every number follows from the request's digest, on every Python version and in every process."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from workers.providers.sketch.arrays import Field

T = TypeVar("T")


class Dice:
    """A named source of numbers. Children have names too, so a new element never shifts the numbers of the others."""

    def __init__(self, name: str) -> None:
        digest = hashlib.sha256(name.encode()).digest()
        self._name = name
        # RandomState's stream is frozen for ever; the newer generators may change theirs between releases.
        self._source = np.random.RandomState(np.frombuffer(digest, dtype=">u4").astype(np.uint32))

    def child(self, name: str) -> "Dice":
        return Dice(f"{self._name}/{name}")

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self._source.random_sample())

    def whole(self, low: int, high: int) -> int:
        """From *low* to *high*, both included."""
        return int(self.between(low, high + 1 - 1e-9))

    def chance(self, probability: float) -> bool:
        return self.between(0, 1) < probability

    def one(self, items: Sequence[T]) -> T:
        return items[self.whole(0, len(items) - 1)]

    def many(self, *shape: int) -> Field:
        """An array of numbers from 0 to 1."""
        return self._source.random_sample(shape).astype(np.float32)
