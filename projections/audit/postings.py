"""What each ledger fact must have posted, said once more and independently: (available, held, owed, outside, book)."""

from collections.abc import Callable, Mapping
from typing import Any

from projections.audit.entries import Entry, differs

Posted = tuple[int | None, int | None, int | None, int | None, str | None]
NOTHING: Posted = (None, None, None, None, None)


def _issued(source: str) -> str:
    return "adjustments" if source == "adjustment" else f"issued:{source}"


POSTINGS: Mapping[str, Callable[[dict[str, Any]], Posted]] = {
    "credits.granted": lambda f: (f["amount"], 0, 0, -f["amount"], _issued(f["source"])),
    "credits.adjusted": lambda f: (-f["amount"], 0, 0, f["amount"], "adjustments"),
    "credits.debt_cleared": lambda f: (-f["amount"], 0, f["amount"], 0, ""),
    "credits.debt_incurred": lambda f: (0, 0, -f["amount"], f["amount"], _issued(f["source"])),
    "credits.grant_revoked": lambda f: (-f["amount"], 0, 0, f["amount"], _issued(f["source"])),
    "credits.held": lambda f: (-f["amount"], f["amount"], 0, 0, ""),
    "credits.hold_captured": lambda f: (f["held"] - f["charged"], -f["held"], 0, f["charged"], f"revenue:{f['kind']}"),
    "credits.hold_released": lambda f: (f["amount"], -f["amount"], 0, 0, ""),
    "credits.grant_expired": lambda f: (-f["amount"], 0, 0, f["amount"], "breakage"),
}


def check_postings(entry: Entry, fact: dict[str, Any]) -> None:
    """Raises Differs when the columns are not what the fact implies."""
    implied = POSTINGS.get(entry.topic)
    expected = implied(fact) if implied else NOTHING
    found = (entry.available, entry.held, entry.owed, entry.outside, entry.book)
    if found != expected:
        differs(entry, "the postings are not what the fact implies", expected=expected, found=found)
    if implied and sum(amount for amount in expected[:4] if amount) != 0:
        differs(entry, "the postings do not sum to zero", found=expected)
