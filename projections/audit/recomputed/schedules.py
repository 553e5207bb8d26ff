"""The table of schedules, from each stream's facts."""

from collections.abc import Sequence

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.schedules_v1"
KEY = ("id",)
ROWS = "SELECT * FROM read.schedules_v1 WHERE id BETWEEN %(low)s AND %(high)s"

_STATED = ("kind", "model", "sealed", "cron", "time_zone", "paused")


def expected(entries: Sequence[Entry]) -> list[Row]:
    """The row of one stream."""
    row: Row = {}
    for entry in entries:
        fact = entry.fact()
        at = time_of(fact["timestamp"])
        if entry.topic == "schedules.created":
            row = {"id": entry.stream, "account_id": entry.account_id, "created_at": at, "created_position": entry.position}
            row |= {"runs": 0, "last_at": None, "last_generation_id": None, "last_code": None, "deleted": False}
        if entry.topic in ("schedules.created", "schedules.changed"):
            row |= {name: fact[name] for name in _STATED}
        if entry.topic == "schedules.fired":
            row["runs"] += 0 if fact["generation_id"] is None else 1
            row |= {"last_at": time_of(fact["due_at"]), "last_generation_id": fact["generation_id"], "last_code": fact["code"]}
        row["deleted"] = entry.topic == "schedules.deleted"
        row["next_at"] = None if row["deleted"] else time_of(fact["next_at"])
        row |= {"updated_at": at, "position": entry.position}
    return [row] if row else []
