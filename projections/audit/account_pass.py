"""Usage: counted by the database from the requests, ends and refunds of some accounts at a time, so that nothing grows here."""

from projections.audit.ids import HIGHEST, LOWEST, following
from projections.audit.models import position_of
from projections.audit.recomputed import usage_daily
from projections.audit.recomputed.rows import compare
from projections.audit.source import Source

PAGE_ENTRIES = 20_000

# The last account of a page: index only.
PAGE_END = "SELECT account_id FROM journal.events WHERE account_id >= %(low)s ORDER BY account_id, position OFFSET %(entries)s LIMIT 1"


class AccountPass:
    """Pages of whole accounts."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def run(self) -> dict[str, int]:
        """Returns model -> the least position at which a page of it was compared.   Raises Differs."""
        position: int | None = None
        low: str | None = LOWEST
        while low is not None:
            end = self.source.tuples(PAGE_END, {"low": low, "entries": PAGE_ENTRIES})
            high: str = end[0][0] if end else HIGHEST
            with self.source.snapshot():
                seen = position_of(self.source, usage_daily.NAME)
                expected = self.source.rows(usage_daily.EXPECTED, {"low": low, "high": high, "seen": seen})
                found = self.source.rows(usage_daily.ROWS, {"low": low, "high": high})
            compare(usage_daily.TABLE, usage_daily.KEY, expected=expected, found=found)
            position = seen if position is None else min(position, seen)
            low = following(high) if end else None
        return {usage_daily.NAME: position or 0}
