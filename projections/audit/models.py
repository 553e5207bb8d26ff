"""Which read models there are, and how far each says it is."""

from projections.audit.report import Difference, Differs
from projections.audit.source import Source

#: Name -> version, of every model that is recomputed here.
CHECKED = {
    "accounts": 1,
    "api_tokens": 1,
    "assets": 2,
    "balances": 2,
    "generations": 1,
    "ledger_entries": 2,
    "orders": 1,
    "schedules": 1,
    "subscriptions": 1,
    "usage_daily": 2,
    "webhook_endpoints": 1,
}
# The live copies. A stopped one is right up to where it stopped.
LIVE = "SELECT name, version, position FROM read.models WHERE place = 'read' ORDER BY name, version"
LIVE_POSITION = "SELECT max(position) FROM read.models WHERE place = 'read' AND name = %(name)s"


def positions_of(source: Source) -> dict[str, int]:
    """Read model -> position.   Raises Differs for a model that nothing here recomputes, or that is missing."""
    rows = source.tuples(LIVE)
    positions: dict[str, int] = {}
    for name, version, position in rows:
        if version == CHECKED.get(name):
            positions[name] = position
        elif version > CHECKED.get(name, 0):
            raise Differs(Difference(where="read.models", row=name, what=f"version {version} has no recomputation"))
    for name in sorted(CHECKED.keys() - positions.keys()):
        raise Differs(Difference(where="read.models", row=name, what="the row is missing"))
    return positions


def position_of(source: Source, name: str) -> int:
    return positions_of(source)[name]
