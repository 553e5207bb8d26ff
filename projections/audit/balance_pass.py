"""Balances and live grants: the verifier's ledger as of the model's own position, compared account by account."""

from bisect import bisect_left

from projections.audit.entries import BY_POSITION, differs
from projections.audit.ids import HIGHEST, LOWEST, following
from projections.audit.ledger import Ledger
from projections.audit.models import position_of
from projections.audit.recomputed import balances
from projections.audit.recomputed.rows import compare
from projections.audit.source import Source

PAGE_ENTRIES = 4_000
PAGE_ACCOUNTS = 500


class BalancePass:
    """Rides on the ledger of the log's pass as far as the model has come; a model behind that gets a ledger of its own there."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.position = 0
        self._rides = True
        self._sorted: list[str] = []

    def upto(self, seen: int, head: int) -> int:
        """How far the log's next page may go. *seen*: where the model is."""
        if self._rides and seen <= self.position < head:
            self.ledger = self.ledger.fork()
            self._rides = False
        return min(head, seen) if self._rides else head

    def reached(self, position: int) -> None:
        """The log's pass is at *position*."""
        if self._rides:
            self.position = position

    def compare(self, source: Source) -> int:
        """Once the log's pass has ended. Returns the position it was compared at.   Raises Differs."""
        self._approach(source)
        low: str | None = LOWEST
        while low is not None:
            with source.snapshot():
                # In one snapshot: how far the model is, what the log says up to there, and its rows.
                self._catch_up(source)
                low = self._compare_page(source, low)
        return self.position

    def _approach(self, source: Source) -> None:
        """Fold outside of any snapshot until little is left."""
        while position_of(source, balances.NAME) - self.position > PAGE_ENTRIES:
            self._fold_page(source, upto=self.position + PAGE_ENTRIES)

    def _catch_up(self, source: Source) -> None:
        seen = position_of(source, balances.NAME)
        while self.position < seen:
            before = self.position
            self._fold_page(source, upto=seen)
            if self.position == before:
                # The model says that it has seen more than there is; its rows tell.
                return

    def _fold_page(self, source: Source, *, upto: int) -> None:
        for entry in source.page(BY_POSITION, {"after": self.position, "upto": upto, "limit": PAGE_ENTRIES}):
            try:
                self.ledger.apply(entry, entry.fact())
            except (KeyError, TypeError, ValueError) as error:
                # It came after the log's pass had reached the end, or is read again: then nothing has looked at it yet.
                differs(entry, f"does not follow from what was before ({type(error).__name__}: {error})")
            self.position = entry.position

    def _compare_page(self, source: Source, low: str) -> str | None:
        """Returns where the next page begins; None after the last."""
        accounts = self._accounts()
        begin = bisect_left(accounts, low)
        page = accounts[begin : begin + PAGE_ACCOUNTS]
        done = begin + PAGE_ACCOUNTS >= len(accounts)
        high = HIGHEST if done else page[-1]
        for table, (key, sql) in balances.TABLES.items():
            found = source.rows(sql, {"low": low, "high": high})
            compare(table, key, expected=balances.expected(self.ledger, table, page), found=found)
        return None if done else following(high)

    def _accounts(self) -> list[str]:
        """All accounts, in order. None ever goes away."""
        if len(self._sorted) != len(self.ledger.accounts):
            self._sorted = sorted(self.ledger.accounts)
        return self._sorted
