"""Many examples of what nobody should send, by seed: `SEED=n` repeats a run, and a failure says the example that it is about."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

SEED = int(os.environ.get("SEED", "1"))
#: Texts that parsers have stumbled over.
EVIL = [
    *("", " ", "null", "true", "NaN", "-0", "1e999", "9" * 400, "\x00", "\u202e", "\ud800", "\U0001f4a9", "e\u0301", "\u212b", "İ", "ß"),
    *("../../etc/passwd", "%00", "%s%n", "${jndi:x}", "' OR 1=1 --", "<script>", "\r\nSet-Cookie: a=b", "=cmd|'/c'!A1", "~", "/", "~1"),
    *("__proto__", "constructor", "0x10", "1_000", "+1", "١٢", "1.0", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59.999999Z", "x" * 9_000),
]
TEXTS = st.one_of(st.sampled_from(EVIL), st.text(max_size=40), st.text("{}[]\",:\\/'0123456789eE+-.ntfu ", max_size=60))
NUMBERS = st.one_of(st.integers(), st.sampled_from([2**53, -(2**53), 2**63, 10**400]), st.floats(), st.booleans(), st.none())
TREES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def fuzz(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], examples: int) -> None:
    """*check* with so many *examples*; it raises for the one that shows a defect, which is then made as small as it can be."""
    many = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    seed(SEED)(many(given(strategy)(check)))()


def damaged(good: bytes) -> st.SearchStrategy[bytes]:
    """*good* with some bytes changed, cut out, doubled or put in."""
    change = st.tuples(st.integers(0, max(0, len(good) - 1)), st.integers(0, 40), st.binary(max_size=6))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        data = good
        for at, cut, put in changes:
            data = data[:at] + put + data[at + cut % (len(put) + 2) :]
        return data

    return st.lists(change, min_size=1, max_size=6).map(apply)
