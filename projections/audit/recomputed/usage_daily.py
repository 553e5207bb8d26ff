"""The table of usage, counted from requests, ends and refunds."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from projections.audit.entries import Entry
from projections.audit.ledger import Fact
from projections.audit.recomputed.rows import Row

_KEY = ("account_id", "day", "kind", "model")
TABLES = {
    "read.usage_daily_v1": (
        _KEY,
        "SELECT * FROM read.usage_daily_v1 WHERE account_id BETWEEN %(low)s AND %(high)s",
    )
}
_COUNTED = {
    "generations.canceled": "canceled",
    "generations.failed": "failed",
    "generations.requested": "requested",
    "generations.succeeded": "succeeded",
}
_REFUNDED = "generations.charge_refunded"
_NOTHING = dict.fromkeys(("requested", "succeeded", "failed", "canceled", "spent", "refunded"), 0)


class UsageDaily:
    """One row for each account, day, kind and model, and kind and model of what is open."""

    name = "usage_daily"
    tables = TABLES

    def __init__(self) -> None:
        self.position = 0
        self._open: dict[str, tuple[str, str]] = {}
        self._rows: dict[str, dict[tuple[date, str, str], Row]] = {}
        #: Refunds of what ended before; `resolve` is given the first entry of their streams.
        self.unknown: list[tuple[Entry, Fact]] = []

    def apply(self, entry: Entry, fact: Fact) -> None:
        self.position = entry.position
        if entry.topic == _REFUNDED:
            self.unknown.append((entry, fact))
            return
        counted = _COUNTED.get(entry.topic)
        if counted is None:
            return
        if counted == "requested":
            asked = self._open[entry.stream] = (fact["kind"], fact["model"])
        else:
            asked = self._open.pop(entry.stream)
        row = self._row(entry, fact, asked)
        row[counted] += 1
        row["spent"] += fact.get("charged", 0)

    def resolve(self, entry: Entry, fact: Fact, first: Entry) -> None:
        asked = first.fact()
        self._row(entry, fact, (asked["kind"], asked["model"]))["refunded"] += fact["amount"]

    def accounts(self) -> Sequence[str]:
        return sorted(self._rows)

    def expected(self, table: str, account_ids: Sequence[str]) -> list[Row]:
        return [row for account_id in account_ids for row in self._rows[account_id].values()]

    def _row(self, entry: Entry, fact: Fact, asked: tuple[str, str]) -> Row:
        assert entry.account_id is not None, "the ledger was checked before"
        at: Any = datetime.fromisoformat(fact["timestamp"])
        kind, model = asked
        key = (at.astimezone(UTC).date(), kind, model)
        rows = self._rows.setdefault(entry.account_id, {})
        row = rows.get(key)
        if row is None:
            named = zip(_KEY, (entry.account_id, *key), strict=True)
            row = rows[key] = {**dict(named), **_NOTHING, "first_at": at, "last_at": at}
        row["first_at"] = min(row["first_at"], at)
        row["last_at"] = max(row["last_at"], at)
        return row
