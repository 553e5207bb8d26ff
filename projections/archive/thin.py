"""What stays of an archived event's state: enough for statements that look into states by themselves, and where the rest is.

A thin state begins with `{"archived":<first position of its segment>`. No fact has a field of that name.
"""

import re
from collections.abc import Mapping

import msgspec

MARK = b'{"archived":'
_SEGMENT = re.compile(rb'\{"archived":(\d{1,19})[,}]', re.ASCII)

#: Topics that make a log long. Everything else stays whole: it is little, and statements look into it.
FEATURES = ("assets.", "credits.", "generations.")
#: When it counts: the log is summed by that.
EVERY = ("timestamp",)
#: What statements read: `infra/dispatch/due.py`, `infra/erasure/erasures.py`, `projections/payments/lapsed.py`,
#: `projections/generations/everybodys.py`, `projections/assets/assets.py`, `projections/audit/recomputed/usage_daily.py`.
KEPT: Mapping[str, tuple[str, ...]] = {
    "assets.stored": ("bytes", "object_key", "source", "thumbnail_key"),
    # By its index.
    "credits.granted": ("expires_at",),
    "credits.grant_expired": ("amount", "grant_id"),
    "generations.canceled": ("charged",),
    "generations.charge_refunded": ("amount",),
    "generations.failed": ("charged", "code"),
    "generations.requested": ("fallback_models", "kind", "model"),
    "generations.retrying": ("code", "model"),
    "generations.succeeded": ("charged",),
}


def thinned(topic: str, state: bytes, segment: int) -> bytes | None:
    """What stays of *state*, when its event lies in *segment*; None when all of it stays."""
    if not topic.startswith(FEATURES) or ":" in topic:
        return None
    fact = msgspec.json.decode(state)
    # What is empty says no more than what is not there.
    kept = {name: fact[name] for name in (*EVERY, *KEPT.get(topic, ())) if fact.get(name) not in (None, [])}
    return msgspec.json.encode({"archived": segment, **kept})


def segment_of(state: bytes) -> int | None:
    """The segment that has the words of this state's event; None when they are here."""
    if not state.startswith(MARK):
        return None
    found = _SEGMENT.match(state)
    return int(found[1]) if found else None
