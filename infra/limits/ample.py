"""Who is far from his limits passes at once, and is counted a moment later.

Asking Redis first costs a request milliseconds, and both sides more than all else that a limit takes, to learn what is known: that a
thousand a minute are not nearly used up. So what Redis said last is believed for a moment, as long as half of the limit is left, and
for no more requests than a small part of it before it has counted them. As soon as less is left everybody asks first again.

More than the limit can pass only when others use up half of it within that moment, and then by at most that small part for each process.
"""

from collections.abc import Callable, Sequence

import msgspec

from domain.kernel.rates import Policy, Verdict

BELIEVED_SECONDS = 0.1
#: Of the limit: so much must be left, and so many may pass before they are counted.
LEFT_SHARE, AHEAD_SHARE = 2, 64
#: A shorter window is used up and free again too soon to know anything.
WINDOW_SECONDS_MIN = 10
KEYS_MAX = 20_000


class _Known(msgspec.Struct, eq=False):
    """What Redis said of a key: `left` of `count` until `free_at`. `ahead`: passed, and not counted yet.

    `room`: so many may be ahead; `until`: so long that is believed.
    """

    ahead: int = 0
    count: int = 0
    left: int = 0
    free_at: float = 0.0
    room: int = 0
    until: float = 0.0


class Ample:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}

    def passes(self, policies: Sequence[Policy]) -> Verdict | None:
        """The verdict when every limit has ample room; they must be counted then. None: ask."""
        now = self._monotonic()
        found, left, reset_seconds = [], [], []
        for policy in policies:
            known = self._known.get(policy.key)
            if known is None or now > known.until or known.count != policy.count or not 0 < policy.cost <= known.room - known.ahead:
                return None
            found.append(known)
            left.append(known.left - known.ahead - policy.cost)
            reset_seconds.append(max(1, round(known.free_at - now)))
        for policy, known in zip(policies, found, strict=True):
            known.ahead += policy.cost
        return Verdict(None, 0, tuple(left), tuple(reset_seconds))

    def told(self, policies: Sequence[Policy], verdict: Verdict | None, *, passed: bool) -> None:
        """What Redis said of *policies*, None when nothing. *passed*: before they were counted."""
        now = self._monotonic()
        for number, policy in enumerate(policies):
            if policy.holds or policy.count < AHEAD_SHARE or policy.seconds < WINDOW_SECONDS_MIN:
                continue
            known = self._known.get(policy.key)
            if known is None:
                if verdict is None:
                    continue
                if len(self._known) >= KEYS_MAX:
                    # Who is forgotten asks once; what he is ahead is on its way to be counted.
                    self._known.clear()
                known = self._known[policy.key] = _Known()
            if passed and policy.cost > 0:
                known.ahead = max(0, known.ahead - policy.cost)
            if verdict is not None:
                known.count, known.left = policy.count, verdict.left[number]
                known.free_at, known.until = now + verdict.reset_seconds[number], now + BELIEVED_SECONDS
                known.room = min(known.left - known.count // LEFT_SHARE, known.count // AHEAD_SHARE)
