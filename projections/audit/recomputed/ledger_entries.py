"""The table of ledger entries, from the postings in the order of the log. Entries never change, so each is compared as it comes."""

from collections.abc import Callable, Mapping
from typing import Any

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.ledger_entries_v2"
KEY = ("position",)
ROWS = "SELECT * FROM read.ledger_entries_v2 WHERE position BETWEEN %(low)s AND %(high)s"
#: Entries beyond what the model says it has seen.
BEYOND = "SELECT * FROM read.ledger_entries_v2 WHERE position > %(low)s ORDER BY position LIMIT 1"

Fact = dict[str, Any]
_OPTIONAL = ("generation_id", "order_id", "charge_id", "refunds_charge_id", "source", "reason", "sealed_memo", "expires_at")


class LedgerEntries:
    """Running balances of every account: three numbers each."""

    def __init__(self) -> None:
        self.running: dict[str | None, tuple[int, int, int]] = {}

    def expected(self, entry: Entry, fact: Fact) -> Row | None:
        """The row of *entry*; None for what is no ledger entry."""
        say = _SAYS.get(entry.topic)
        if say is None:
            return None
        available, held, owed = self.running.get(entry.account_id, (0, 0, 0))
        available += entry.available or 0
        held += entry.held or 0
        owed += entry.owed or 0
        self.running[entry.account_id] = (available, held, owed)
        return {
            **dict.fromkeys(_OPTIONAL),
            "position": entry.position,
            "account_id": entry.account_id,
            "available_after": available,
            "held_after": held,
            "owed_after": owed,
            "recorded_at": time_of(entry.recorded_at),
            "effective_at": time_of(fact["timestamp"]),
            **say(fact),
        }


def _parts(parts: Any) -> list[dict[str, Any]]:
    return [{"id": grant_id, "amount": amount} for grant_id, amount in parts]


def _granted(fact: Fact) -> Row:
    return {
        "type": "refund" if fact["source"] == "refund" else "grant",
        "amount": fact["amount"],
        "grants": _parts([(fact["grant_id"], fact["amount"])]),
        "order_id": fact["order_id"],
        "refunds_charge_id": fact["charge_id"],
        "source": fact["source"],
        "reason": fact["reason"],
        "sealed_memo": fact["sealed_memo"],
        "expires_at": time_of(fact["expires_at"]),
    }


def _held(fact: Fact) -> Row:
    return {"type": "hold", "amount": fact["amount"], "grants": _parts(fact["parts"]), "generation_id": fact["generation_id"]}


def _captured(fact: Fact) -> Row:
    charge = fact["generation_id"]
    return {"type": "capture", "amount": fact["charged"], "grants": _parts(fact["parts"]), "generation_id": charge, "charge_id": charge}


def _released(fact: Fact) -> Row:
    return {"type": "release", "amount": fact["amount"], "grants": _parts(fact["parts"]), "generation_id": fact["generation_id"]}


def _expired(fact: Fact) -> Row:
    return {"type": "expiry", "amount": fact["amount"], "grants": _parts([(fact["grant_id"], fact["amount"])])}


def _revoked(fact: Fact) -> Row:
    parts = _parts([(fact["grant_id"], fact["amount"])])
    return {"type": "revocation", "amount": fact["amount"], "grants": parts, "source": fact["source"], "reason": fact["reason"]}


def _debt_incurred(fact: Fact) -> Row:
    parts = _parts([] if fact["grant_id"] is None else [(fact["grant_id"], fact["amount"])])
    return {"type": "debt", "amount": fact["amount"], "grants": parts, "source": fact["source"], "reason": fact["reason"]}


def _debt_cleared(fact: Fact) -> Row:
    return {"type": "debt_payment", "amount": fact["amount"], "grants": _parts(fact["parts"])}


def _adjusted(fact: Fact) -> Row:
    return {"type": "adjustment", "amount": fact["amount"], "grants": _parts(fact["parts"]), "reason": fact["reason"]}


_SAYS: Mapping[str, Callable[[Fact], Row]] = {
    "credits.adjusted": _adjusted,
    "credits.debt_cleared": _debt_cleared,
    "credits.debt_incurred": _debt_incurred,
    "credits.grant_expired": _expired,
    "credits.grant_revoked": _revoked,
    "credits.granted": _granted,
    "credits.held": _held,
    "credits.hold_captured": _captured,
    "credits.hold_released": _released,
}
