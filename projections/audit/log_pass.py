"""The first pass: the log in its own order, with everything that can be said of it without a read model, and the entries
that read models make one by one.
"""

from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from typing import Any

from projections.audit.balance_pass import BalancePass
from projections.audit.entries import BEFORE, BY_POSITION, Entry, differs
from projections.audit.form import Form
from projections.audit.ledger import Ledger
from projections.audit.models import LIVE_POSITION, position_of
from projections.audit.postings import check_postings
from projections.audit.purchases import Purchases
from projections.audit.recomputed import ledger_entries
from projections.audit.recomputed.rows import compare
from projections.audit.report import Difference, Differs
from projections.audit.sealed.checkpoints import Checkpoints
from projections.audit.sealed.seals import Salt, Seals
from projections.audit.shapes import check_shape
from projections.audit.source import Source
from projections.audit.stories import Stories, check_refunded

PAGE_ENTRIES = 4_000
#: Below every position, also a forged one.
BEFORE_ALL = -(2**62)
Progress = Callable[[int, int], None]


class LogPass:
    """Reads up to the end of the log as it is when it gets there."""

    def __init__(self, source: Source, checkpoints: Checkpoints, progress: Progress, salt: Salt | None = None) -> None:
        self.source = source
        self.checkpoints = checkpoints
        self.progress = progress
        self.form = Form()
        self.ledger = Ledger()
        self.balances = BalancePass(self.ledger)
        self.stories = Stories(self.ledger)
        self.purchases = Purchases()
        self.seals = Seals(self.ledger, salt)
        self.lines = ledger_entries.LedgerEntries()
        self.lines_position = BEFORE_ALL
        self._waiting: list[dict[str, Any]] = []
        self._last: Entry | None = None

    def run(self) -> int:
        """Returns the position of the last entry.   Raises Differs."""
        last: Entry | None = None
        while True:
            # Asked for before the page, so that what the model has seen is never more than what was read of it.
            seen = position_of(self.source, "balances")
            head, after = self.source.head(), self.form.position
            upto = self.balances.upto(seen, self.seals.upto(self.source, after, head))
            entries = self.source.page(BY_POSITION, {"after": after or BEFORE_ALL, "upto": upto, "limit": PAGE_ENTRIES})
            if not entries:
                break
            self._judge(entries, last)
            last = entries[-1]
            self.seals.reached(last.position)
            self.checkpoints.feed(entries)
            self.balances.reached(last.position)
            self._check_lines()
            self.progress(last.position, max(head, last.position))
        self._last = last
        return self.form.position

    def _close(self, last: Entry) -> None:
        """The command ends with *last*."""
        self.ledger.close(last)
        self.stories.close(last)
        self.purchases.close(last)

    def _judge(self, entries: list[Entry], last: Entry | None) -> None:
        """By the rules first: they name a column, where a root names only some entries."""
        try:
            self._check(entries, last)
            self._check_refunds()
        except Differs:
            with suppress(Differs):
                # What broke the rule may have been altered before it.
                self.checkpoints.feed(entries)
            raise

    def _check(self, entries: list[Entry], last: Entry | None) -> None:
        form, ledger, stories, purchases, seals, lines = self.form, self.ledger, self.stories, self.purchases, self.seals, self.lines
        for entry in entries:
            try:
                fact = form.check(entry)
                if last is not None and last.command_id != entry.command_id:
                    self._close(last)
                check_shape(entry, fact)
                check_postings(entry, fact)
                ledger.apply(entry, fact)
                stories.apply(entry, fact)
                purchases.apply(entry, fact)
                seals.apply(entry, fact)
                line = lines.expected(entry, fact)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                differs(entry, f"the fact lacks a field, or has it in a wrong form ({type(error).__name__}: {error})")
            if line is not None:
                self._waiting.append(line)
            last = entry

    def _check_refunds(self) -> None:
        """What is said of generations that ended long ago is held against their streams, all of the page at once."""
        refunds = self.stories.refunds
        if not refunds:
            return
        past = self.source.page(BEFORE, {"streams": list({entry.stream for entry, _ in refunds}), "before": refunds[-1][0].position})
        streams = {stream: list(entries) for stream, entries in groupby(past, key=lambda entry: entry.stream)}
        for entry, fact in refunds:
            check_refunded(entry, fact, [earlier for earlier in streams.get(entry.stream, ()) if earlier.position < entry.position])
        refunds.clear()

    def _check_lines(self) -> None:
        """Ledger entries up to where the model is by now; what it has not seen yet waits."""
        seen = min(position_of(self.source, "ledger_entries"), self.form.position)
        if seen <= self.lines_position:
            return
        due = [line for line in self._waiting if line["position"] <= seen]
        self._waiting = self._waiting[len(due) :]
        found = self.source.rows(ledger_entries.ROWS, {"low": self.lines_position + 1, "high": seen})
        compare(ledger_entries.TABLE, ledger_entries.KEY, expected=due, found=found)
        self.lines_position = seen

    def finish(self) -> int:
        """The last command must be whole, and no ledger entry beyond what the model has seen.

        Returns the position up to which ledger entries were compared.   Raises Differs.
        """
        if self._last is not None:
            self._close(self._last)
        self._check_lines()
        with self.source.snapshot():
            ((seen,),) = self.source.tuples(LIVE_POSITION, {"name": "ledger_entries"})
            found = self.source.rows(ledger_entries.BEYOND, {"low": seen or 0})
        if found:
            raise Differs(
                Difference(
                    where=ledger_entries.TABLE,
                    what="an entry beyond what the model has seen",
                    row=str(found[0]["position"]),
                    position=found[0]["position"],
                )
            )
        return self.lines_position
