"""The table of webhook endpoints, from each account's stream of webhooks."""

from collections.abc import Sequence

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.webhook_endpoints_v1"
KEY = ("stream", "id")
ROWS = "SELECT * FROM read.webhook_endpoints_v1 WHERE stream BETWEEN %(low)s AND %(high)s"

_SAID = ("sealed_url", "sealed_description", "events")
_QUIET = frozenset({"webhooks.account_secret_issued", "webhooks.endpoint_tested", "webhooks.opened", "webhooks.redelivery_requested"})


def expected(entries: Sequence[Entry]) -> list[Row]:
    """The living endpoints of one stream."""
    rows: dict[str, Row] = {}
    for entry in entries:
        if entry.topic in _QUIET:
            continue
        fact = entry.fact()
        at, id_ = time_of(fact["timestamp"]), fact["endpoint_id"]
        if entry.topic == "webhooks.endpoint_deleted":
            del rows[id_]
            continue
        if entry.topic == "webhooks.endpoint_added":
            rows[id_] = {"id": id_, "stream": entry.stream, "account_id": entry.account_id, "disabled": None, "overlap_until": None}
            rows[id_] |= {"created_at": at, "created_position": entry.position}
        row = rows[id_]
        if entry.topic in ("webhooks.endpoint_added", "webhooks.endpoint_changed"):
            row |= {name: fact[name] for name in _SAID}
        elif entry.topic == "webhooks.endpoint_disabled":
            row["disabled"] = fact["cause"]
        elif entry.topic == "webhooks.endpoint_enabled":
            row["disabled"] = None
        elif entry.topic == "webhooks.endpoint_secret_rotated":
            row["overlap_until"] = time_of(fact["overlap_until"])
        row |= {"updated_at": at, "position": entry.position}
    return list(rows.values())
