"""The table of subscriptions, from each stream's facts."""

from collections.abc import Sequence
from typing import Any

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.subscriptions_v1"
KEY = ("id",)
ROWS = "SELECT * FROM read.subscriptions_v1 WHERE id BETWEEN %(low)s AND %(high)s"

_TAKEN = ("plan", "credits", "amount", "currency", "price_version", "provider", "livemode", "sealed_urls")
_LATER = ("sealed_url", "checkout_expires_at", "reference", "period_start", "period_end", "cancel_requested_at", "ended", "ended_at")
Fact = dict[str, Any]


def expected(entries: Sequence[Entry]) -> list[Row]:
    """The row of one stream."""
    row: Row = {}
    late = False
    for entry in entries:
        fact = entry.fact()
        at = time_of(fact["timestamp"])
        if entry.topic == "subscriptions.requested":
            row = {name: fact[name] for name in _TAKEN} | dict.fromkeys(_LATER)
            row |= {"id": entry.stream, "account_id": entry.account_id, "periods": 0, "cancel_at_period_end": False}
            row |= {"created_at": at, "created_position": entry.position}
        elif entry.topic == "subscriptions.checkout_opened":
            row |= {"sealed_url": fact["sealed_url"], "checkout_expires_at": time_of(fact["expires_at"])}
        elif entry.topic == "subscriptions.period_paid":
            late = _period_paid(row, fact, late)
        elif entry.topic == "subscriptions.period_unpaid":
            late = True
        elif entry.topic == "subscriptions.cancel_requested":
            row |= {"cancel_at_period_end": True, "cancel_requested_at": at}
        elif entry.topic == "subscriptions.changed":
            late = fact["status"] == "past_due"
            row["reference"] = fact["reference"]
            asked = row["cancel_requested_at"]
            said = time_of(fact["at"])
            if fact["cancel_at_period_end"] or asked is None or (said is not None and said > asked):
                row["cancel_at_period_end"] = fact["cancel_at_period_end"]
        elif entry.topic == "subscriptions.ended":
            row |= {"ended": fact["cause"], "ended_at": at}
        row |= {"updated_at": at, "position": entry.position}
    return [{**row, "status": _status(row, late)}] if row else []


def _period_paid(row: Row, fact: Fact, late: bool) -> bool:
    """Returns whether money is still missing."""
    row["periods"] += 1
    row["reference"] = fact["reference"]
    if row["ended"] in ("abandoned", "expired"):
        row["ended"] = row["ended_at"] = None
    start, end = time_of(fact["period_start"]), time_of(fact["period_end"])
    if row["period_end"] is not None and end is not None and end <= row["period_end"]:
        return late
    row |= {"period_start": start, "period_end": end}
    return False


def _status(row: Row, late: bool) -> str:
    if row["ended"] is not None:
        return "canceled"
    if not row["periods"]:
        return "pending"
    return "past_due" if late else "active"
