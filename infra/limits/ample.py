"""Who is far from his limits passes at once, and is counted a moment later.

Asking Redis first costs a request milliseconds, and both sides more than all else that a limit takes, to learn what is known: that a
thousand a minute are not nearly used up. So what Redis said last is believed for a moment, as long as half of the limit is left, and
for no more requests than a small part of it before it has counted them. As soon as less is left everybody asks first again.

More than the limit can pass only when others use up half of it within that moment, and then by at most that small part for each process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.kernel.rates import Policy, Verdict

BELIEVED_SECONDS = 0.1
#: Of the limit: so much must be left, and so many may pass before they are counted.
LEFT_SHARE, AHEAD_SHARE = 2, 64
#: A shorter window is used up and free again too soon to know anything.
WINDOW_SECONDS_MIN = 10
KEYS_MAX = 20_000


@dataclass(slots=True)
class _Known:
    """`ahead`: passed, and not counted yet. `left` and `free_at` are as Redis said at `said_at`."""

    left: int
    free_at: float
    said_at: float
    ahead: int = 0


class Ample:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[tuple[str, int], _Known] = {}

    def passes(self, policies: Sequence[Policy]) -> Verdict | None:
        """The verdict when every limit has ample room; they must be counted then. None: ask."""
        now = self._monotonic()
        found = []
        for policy in policies:
            known = self._known.get((policy.key, policy.seconds))
            if known is None or now - known.said_at > BELIEVED_SECONDS or not _ample(policy, known):
                return None
            found.append(known)
        left, reset_seconds = [], []
        for policy, known in zip(policies, found, strict=True):
            known.ahead += policy.cost
            left.append(known.left - known.ahead)
            reset_seconds.append(max(1, round(known.free_at - now)))
        return Verdict(None, 0, tuple(left), tuple(reset_seconds))

    def told(self, policies: Sequence[Policy], verdict: Verdict | None, *, passed: bool) -> None:
        """What Redis said of *policies*, None when nothing. *passed*: before they were counted."""
        now = self._monotonic()
        for number, policy in enumerate(policies):
            if policy.holds or policy.count < AHEAD_SHARE or policy.seconds < WINDOW_SECONDS_MIN:
                continue
            known = self._known.get((policy.key, policy.seconds))
            if known is None:
                if verdict is None:
                    continue
                if len(self._known) >= KEYS_MAX:
                    # Who is forgotten asks once; what he is ahead is on its way to be counted.
                    self._known.clear()
                known = self._known[policy.key, policy.seconds] = _Known(0, 0.0, 0.0)
            if passed and policy.cost > 0:
                known.ahead = max(0, known.ahead - policy.cost)
            if verdict is not None:
                known.left, known.free_at, known.said_at = verdict.left[number], now + verdict.reset_seconds[number], now


def _ample(policy: Policy, known: _Known) -> bool:
    return (
        policy.cost > 0
        and not policy.holds
        and (known.left - known.ahead) * LEFT_SHARE >= policy.count
        and (known.ahead + policy.cost) * AHEAD_SHARE <= policy.count
    )
