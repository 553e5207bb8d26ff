"""Counting in this process alone, while Redis is away. The same windows as the script in `window.py`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain.kernel.rates import Policy, Verdict
from infra.limits.window import SLOTS

KEYS_MAX = 100_000


@dataclass(slots=True)
class _Window:
    """Slot number -> count, in order; a slot is `width` milliseconds."""

    width: int
    slots: dict[int, int] = field(default_factory=dict)


class LocalCounts:
    """Sliding windows in memory. `monotonic_ms` is a clock that never steps back."""

    def __init__(self, monotonic_ms: Callable[[], int]) -> None:
        self._monotonic_ms = monotonic_ms
        self._windows: dict[str, _Window] = {}

    def take(self, policies: Sequence[Policy]) -> Verdict:
        now = self._monotonic_ms()
        windows = [self._window(policy, now) for policy in policies]
        used = [sum(window.slots.values()) for window in windows]
        refused, longest = None, 0
        for index, policy in enumerate(policies):
            if policy.cost > 0 and used[index] + policy.cost > policy.count:
                seconds = _wait(windows[index], used[index] + policy.cost - policy.count, now)
                if refused is None or seconds > longest:
                    refused, longest = index, seconds
        for index, (policy, window) in enumerate(zip(policies, windows, strict=True)):
            used[index] += self._count(policy, window, now, refused is None)
        left = tuple(max(0, policy.count - used[index]) for index, policy in enumerate(policies))
        return Verdict(refused, longest, left, tuple(_reset(window, now) for window in windows))

    def _window(self, policy: Policy, now: int) -> _Window:
        if len(self._windows) > KEYS_MAX:
            # Memory is bounded before counts are exact: whoever floods keys only shortens the oldest memories.
            for key in list(self._windows)[: KEYS_MAX // 2]:
                del self._windows[key]
        window = self._windows.setdefault(policy.key, _Window(-(-policy.seconds * 1000 // SLOTS)))
        current = now // window.width
        for slot in [slot for slot in window.slots if slot < current - SLOTS]:
            del window.slots[slot]
        return window

    def _count(self, policy: Policy, window: _Window, now: int, allowed: bool) -> int:
        current = now // window.width
        if policy.cost > 0 and allowed:
            window.slots[current] = window.slots.get(current, 0) + policy.cost
            return policy.cost
        back = -policy.cost
        for slot in sorted(window.slots, reverse=True):
            taken = min(window.slots[slot], max(0, back))
            window.slots[slot] -= taken
            back -= taken
        return min(0, policy.cost) + max(0, back)


def _leaves(window: _Window, slot: int, now: int) -> int:
    return max(1, math.ceil(((slot + SLOTS + 1) * window.width - now) / 1000))


def _wait(window: _Window, excess: int, now: int) -> int:
    for slot in sorted(window.slots):
        excess -= window.slots[slot]
        if excess <= 0:
            return _leaves(window, slot, now)
    return _leaves(window, now // window.width, now)


def _reset(window: _Window, now: int) -> int:
    oldest = min((slot for slot, count in window.slots.items() if count), default=now // window.width)
    return _leaves(window, oldest, now)
