"""The table of assets, from each stream's facts."""

from collections.abc import Sequence

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.assets_v2"
KEY = ("id",)
ROWS = "SELECT * FROM read.assets_v2 WHERE id BETWEEN %(low)s AND %(high)s"

_TAKEN = (
    "bytes",
    "content_type",
    "duration_ms",
    "height",
    "kind",
    "object_key",
    "sealed_filename",
    "sha256",
    "source",
    "thumbnail_key",
    "width",
)


def expected(entries: Sequence[Entry]) -> list[Row]:
    """The row of one stream."""
    row: Row = {}
    for entry in entries:
        fact = entry.fact()
        at = time_of(fact["timestamp"])
        if entry.topic == "assets.stored":
            row = {name: fact[name] for name in _TAKEN}
            row |= {"id": entry.stream, "account_id": entry.account_id, "generation_id": fact["generation_id"]}
            row |= {"deleted": False, "created_at": at, "created_position": entry.position}
            row |= {"sealed_share_token": None, "share_expires_at": None}
        elif entry.topic == "assets.renamed":
            row["sealed_filename"] = fact["sealed_filename"]
        elif entry.topic == "assets.shared":
            row |= {"sealed_share_token": fact["sealed_token"], "share_expires_at": time_of(fact["expires_at"])}
        elif entry.topic == "assets.unshared":
            row |= {"sealed_share_token": None, "share_expires_at": None}
        elif entry.topic == "assets.deleted":
            row["deleted"] = True
        row |= {"updated_at": at, "position": entry.position}
    return [row] if row else []
