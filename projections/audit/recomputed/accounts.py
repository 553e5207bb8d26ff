"""The table of accounts, from each stream's facts."""

from collections.abc import Sequence

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.accounts_v1"
KEY = ("id",)
ROWS = "SELECT * FROM read.accounts_v1 WHERE id BETWEEN %(low)s AND %(high)s"

#: Topic -> the one column it sets, from the field of the same name.
_SETS = {
    "accounts.limits_changed": "limits",
    "accounts.profile_changed": "sealed_profile",
    "accounts.roles_changed": "roles",
}


def expected(entries: Sequence[Entry]) -> list[Row]:
    """The row of one stream."""
    row: Row = {}
    for entry in entries:
        fact = entry.fact()
        at = time_of(fact["timestamp"])
        match entry.topic:
            case "accounts.registered":
                row = {name: fact[name] for name in ("sealed_profile", "email_index", "roles")}
                row |= {"id": entry.stream, "status": "active", "limits": {}, "password_changed_at": at}
                row |= {"created_at": at, "created_position": entry.position}
            case "accounts.suspended":
                row["status"] = "suspended"
            case "accounts.reactivated":
                row["status"] = "active"
            case "accounts.erasure_requested":
                row["status"] = "erasing"
            case "accounts.erased":
                row |= {"status": "erased", "sealed_profile": "", "email_index": ""}
            case "accounts.password_changed":
                row["password_changed_at"] = at
            case topic if topic in _SETS:
                row[_SETS[topic]] = fact[_SETS[topic]]
        row |= {"updated_at": at, "position": entry.position}
    return [row] if row else []
