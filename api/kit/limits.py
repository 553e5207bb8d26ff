"""Which limits a request counts in, and what the client is told about them. Counting itself is the limiter's (a port)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from api.kit.refusals import RateLimited
from api.kit.route import Limit
from api.platform import Platform, Policy, Verdict

#: bucket -> (count, seconds), the defaults.
BUCKETS: dict[str, tuple[int, int]] = {
    "anonymous": (100, 60),
    "api": (1000, 60),
    "auth": (10, 3600),
    "generations": (300, 3600),
    "inbound": (600, 60),
    "purchases": (10, 86_400),
    "refresh": (60, 3600),
    "sensitive": (3, 900),
    "video": (5, 3600),
}
#: Still enforced, on this process's own counts, while Redis is away.
HOLDING = frozenset({"auth", "sensitive"})
POLICIES_REMEMBERED = 8_192
#: Counted by address whoever calls, and nowhere else: what comes from outside systems.
BY_ADDRESS = frozenset({"inbound"})


@lru_cache(maxsize=1024)
def parsed(limit: str) -> tuple[int, int]:
    """`"300/3600"` as (count, seconds).   Raises ValueError."""
    count, _, seconds = limit.partition("/")
    both = int(count), int(seconds)
    if min(both) < 1:
        raise ValueError(f"{limit!r} is not count/seconds")
    return both


class Limits:
    """The policies of a platform: defaults, its overrides, and an account's own."""

    def __init__(self, platform: Platform) -> None:
        self.off = platform.limits_off
        self.limiter = platform.limiter
        unknown = set(platform.rate_limits) - set(BUCKETS)
        if unknown:
            raise ValueError(f"unknown rate limit: {', '.join(sorted(unknown))}; known are {', '.join(sorted(BUCKETS))}")
        self.buckets = {**BUCKETS, **{bucket: parsed(limit) for bucket, limit in platform.rate_limits.items()}}
        # A caller counts in the same few again and again.
        self._policy = lru_cache(maxsize=POLICIES_REMEMBERED)(self._made)

    def policy(self, bucket: str, subject: str, *, cost: int = 1, own: Mapping[str, str] | None = None) -> Policy:
        return self._policy(bucket, subject, cost, own[bucket] if own and bucket in own else None)

    def _made(self, bucket: str, subject: str, cost: int, own: str | None) -> Policy:
        count, seconds = self.buckets[bucket] if own is None else parsed(own)
        # Windows of different lengths have slots of different lengths: a limit that is given another window begins anew.
        return Policy(bucket, f"{bucket}:{subject}:{seconds}", count, seconds, cost, bucket in HOLDING)

    def base(self, call: Any) -> Policy:
        """What every request counts in: `inbound` for outside systems, `api` for a valid credential, else `anonymous`."""
        for limit in call.route.limits:
            if limit.bucket in BY_ADDRESS:
                return self.policy(limit.bucket, call.subject_address)
        principal = call.principal
        if principal is None:
            return self.policy("anonymous", call.subject_address)
        return self.policy("api", call.account, own=principal.limits)

    def further(self, call: Any, limits: Sequence[Limit], body: Any) -> list[Policy]:
        """The route's own buckets."""
        principal = call.principal
        found = []
        for limit in limits:
            if limit.bucket in BY_ADDRESS:
                continue
            if limit.by is not None:
                subject = limit.by(call, body)
            elif principal is None:
                subject = call.subject_address
            else:
                subject = call.account
            cost = 1 if limit.cost is None else limit.cost(body)
            if subject is not None and cost > 0:
                found.append(self.policy(limit.bucket, subject, cost=cost, own=principal and principal.limits))
        return found


def refusal(policies: Sequence[Policy], verdict: Verdict) -> RateLimited:
    """The refusal of a verdict that said no."""
    assert verdict.refused is not None
    return RateLimited(bucket=policies[verdict.refused].bucket, retry_after=verdict.retry_after)


def headers(policies: tuple[Policy, ...], verdict: Verdict) -> dict[str, str]:
    """`RateLimit-Policy`, and `RateLimit` of the bucket with least left (the refusing one when there is one)."""
    index = verdict.refused
    if index is None:
        index = verdict.left.index(min(verdict.left))
    policy = policies[index]
    return {
        "ratelimit-policy": _described(policies),
        "ratelimit": f'"{policy.bucket}";r={verdict.left[index]};t={verdict.reset_seconds[index]}',
    }


@lru_cache(maxsize=POLICIES_REMEMBERED)
def _described(policies: tuple[Policy, ...]) -> str:
    said = [f'"{policy.bucket}";q={policy.count};w={policy.seconds}' for policy in policies]
    return ", ".join(dict.fromkeys(said))
