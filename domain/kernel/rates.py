"""Rate limits, as the edges see them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Policy(msgspec.Struct, frozen=True, eq=False):
    """One rate limit to count against: at most `count` in any `seconds`. `key` says whose count of what, and in which window.

    `holds`: still enforced, on this process's own counts, while Redis is away; the others then allow.
    """

    bucket: str
    key: str
    count: int
    seconds: int
    cost: int = 1
    holds: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """`left` and `reset_seconds` belong to the policies of the question, in order; `refused` is the index of the one that said no."""

    refused: int | None
    retry_after: int
    left: tuple[int, ...]
    reset_seconds: tuple[int, ...]


class Limiter(Protocol):
    """Counts in sliding windows; all policies of a request pass or fail together."""

    async def take(self, policies: Sequence[Policy]) -> Verdict: ...

    def give_back(self, policies: Sequence[Policy]) -> None:
        """Undo a `take` in the background; losing it is harmless."""
