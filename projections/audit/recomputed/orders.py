"""The table of orders, from each stream's facts."""

from collections.abc import Sequence

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.orders_v1"
KEY = ("id",)
ROWS = "SELECT * FROM read.orders_v1 WHERE id BETWEEN %(low)s AND %(high)s"

_TAKEN = ("package", "credits", "amount", "currency", "price_version", "provider", "livemode", "sealed_urls")
_LATER = ("sealed_url", "reference", "checkout_expires_at", "paid_at", "expires_at")


def expected(entries: Sequence[Entry]) -> list[Row]:
    """The row of one stream."""
    row: Row = {}
    canceled = False
    for entry in entries:
        fact = entry.fact()
        at = time_of(fact["timestamp"])
        if entry.topic == "orders.placed":
            row = {name: fact[name] for name in _TAKEN} | dict.fromkeys(_LATER)
            row |= {"id": entry.stream, "account_id": entry.account_id, "reversals": {}, "reversed_credits": 0}
            row |= {"created_at": at, "created_position": entry.position}
        elif entry.topic == "orders.checkout_opened":
            row |= {"reference": fact["reference"], "sealed_url": fact["sealed_url"], "checkout_expires_at": time_of(fact["expires_at"])}
        elif entry.topic == "orders.paid":
            row |= {"paid_at": at, "expires_at": time_of(fact["expires_at"]), "reversed_credits": fact["revoked"]}
        elif entry.topic == "orders.canceled":
            canceled = True
        elif entry.topic == "orders.reversed":
            row["reversals"][fact["reversal"]] = {"kind": fact["kind"], "total": fact["total"], "undone": False}
            row["reversed_credits"] += sum(amount for _, amount in fact["taken"])
        elif entry.topic == "orders.reversal_undone":
            row["reversals"].setdefault(fact["reversal"], {"kind": "", "total": 0})["undone"] = True
            row["reversed_credits"] -= fact["credits"]
        row |= {"updated_at": at, "position": entry.position}
    return [_judged(row, canceled)] if row else []


def _judged(row: Row, canceled: bool) -> Row:
    """With what follows from all facts together."""
    gone = sum(each["total"] for each in row["reversals"].values() if not each["undone"])
    reversed_amount = gone if gone < row["amount"] else row["amount"]
    if row["paid_at"] is None:
        status = "canceled" if canceled else "pending"
    else:
        status = "paid" if reversed_amount < row["amount"] else "refunded"
    return {**row, "reversed_amount": reversed_amount, "status": status}
