"""Read models that sum over many streams: folded along the log up to each model's own position, compared account by account."""

from collections.abc import Sequence
from uuid import UUID

from projections.audit.entries import BY_POSITION, FIRST, Entry, differs
from projections.audit.ledger import Fact
from projections.audit.models import positions_of
from projections.audit.recomputed.balances import Balances
from projections.audit.recomputed.rows import compare
from projections.audit.recomputed.usage_daily import UsageDaily
from projections.audit.source import Source

PAGE_ENTRIES = 4_000
PAGE_ACCOUNTS = 500
LOWEST, HIGHEST = str(UUID(int=0)), str(UUID(int=2**128 - 1))

Fold = Balances | UsageDaily


class Folds:
    """`feed` takes pages of the log as they are read anyway; what a model had not seen then is read again in `compare`."""

    def __init__(self) -> None:
        self.folds: tuple[Fold, ...] = (Balances(), UsageDaily())

    def positions(self, source: Source) -> dict[str, int]:
        return positions_of(source)

    def feed(self, source: Source, entries: Sequence[Entry], facts: Sequence[Fact], models: dict[str, int]) -> None:
        for fold in self.folds:
            seen = models[fold.name]
            for entry, fact in zip(entries, facts, strict=True):
                if entry.position == fold.position + 1 and entry.position <= seen:
                    fold.apply(entry, fact)
            _resolve(source, fold)

    def compare(self, source: Source) -> dict[str, int]:
        """Returns model -> the position it was compared at.   Raises Differs."""
        for fold in self.folds:
            _approach(source, fold)
            low: str | None = LOWEST
            while low is not None:
                with source.snapshot():
                    # In one snapshot: how far the model is, what the log says up to there, and its rows.
                    _catch_up(source, fold)
                    low = _compare_page(source, fold, low)
        return {fold.name: fold.position for fold in self.folds}


def _approach(source: Source, fold: Fold) -> None:
    """Fold outside of any snapshot until little is left."""
    while positions_of(source)[fold.name] - fold.position > PAGE_ENTRIES:
        _fold_page(source, fold, upto=fold.position + PAGE_ENTRIES)


def _catch_up(source: Source, fold: Fold) -> None:
    seen = positions_of(source)[fold.name]
    while fold.position < seen:
        _fold_page(source, fold, upto=seen)


def _fold_page(source: Source, fold: Fold, *, upto: int) -> None:
    for entry in source.page(BY_POSITION, {"after": fold.position, "upto": upto, "limit": PAGE_ENTRIES}):
        try:
            fold.apply(entry, entry.fact())
        except (KeyError, TypeError, ValueError) as error:
            # It came after the first pass had reached the end, so nothing has looked at it yet.
            differs(entry, f"does not follow from what was before ({type(error).__name__}: {error})")
    _resolve(source, fold)


def _resolve(source: Source, fold: Fold) -> None:
    if not fold.unknown:
        return
    first = {entry.stream: entry for entry in source.page(FIRST, {"streams": [entry.stream for entry, _ in fold.unknown]})}
    for entry, fact in fold.unknown:
        fold.resolve(entry, fact, first[entry.stream])
    fold.unknown.clear()


def _compare_page(source: Source, fold: Fold, low: str) -> str | None:
    """Returns where the next page begins; None after the last."""
    accounts = [account_id for account_id in fold.accounts() if account_id >= low]
    done = len(accounts) <= PAGE_ACCOUNTS
    accounts = accounts[:PAGE_ACCOUNTS]
    high = HIGHEST if done else accounts[-1]
    for table, (key, sql) in fold.tables.items():
        found = source.rows(sql, {"low": low, "high": high})
        compare(table, key, expected=fold.expected(table, accounts), found=found)
    return None if done else following(high)


def following(id: str) -> str:
    """The next higher id."""
    return str(UUID(int=UUID(id).int + 1))
