"""Read models that sum over many streams: folded along the log up to each model's own position, compared account by account."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from projections.audit.entries import BY_POSITION, FIRST, Entry, differs, page
from projections.audit.ledger import Fact
from projections.audit.models import positions_of
from projections.audit.recomputed.balances import Balances
from projections.audit.recomputed.rows import compare, rows
from projections.audit.recomputed.usage_daily import UsageDaily

PAGE_ENTRIES = 4_000
PAGE_ACCOUNTS = 500
LOWEST, HIGHEST = str(UUID(int=0)), str(UUID(int=2**128 - 1))
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

Fold = Balances | UsageDaily


class Folds:
    """`feed` takes pages of the log as they are read anyway; what a model had not seen then is read again in `compare`."""

    def __init__(self) -> None:
        self.folds: tuple[Fold, ...] = (Balances(), UsageDaily())

    async def positions(self, conn: AsyncConnection[Any]) -> dict[str, int]:
        return await positions_of(conn)

    async def feed(self, conn: AsyncConnection[Any], entries: Sequence[Entry], facts: Sequence[Fact], models: dict[str, int]) -> None:
        for fold in self.folds:
            seen = models[fold.name]
            for entry, fact in zip(entries, facts, strict=True):
                if entry.position == fold.position + 1 and entry.position <= seen:
                    fold.apply(entry, fact)
            await _resolve(conn, fold)

    async def compare(self, conn: AsyncConnection[Any]) -> dict[str, int]:
        """Returns model -> the position it was compared at.   Raises Differs."""
        for fold in self.folds:
            await _approach(conn, fold)
            low: str | None = LOWEST
            while low is not None:
                async with conn.transaction():
                    await conn.execute(SNAPSHOT)
                    # In one snapshot: how far the model is, what the log says up to there, and its rows.
                    await _catch_up(conn, fold)
                    low = await _compare_page(conn, fold, low)
        return {fold.name: fold.position for fold in self.folds}


async def _approach(conn: AsyncConnection[Any], fold: Fold) -> None:
    """Fold outside of any snapshot until little is left."""
    while (await positions_of(conn))[fold.name] - fold.position > PAGE_ENTRIES:
        await _fold_page(conn, fold, upto=fold.position + PAGE_ENTRIES)


async def _catch_up(conn: AsyncConnection[Any], fold: Fold) -> None:
    seen = (await positions_of(conn))[fold.name]
    while fold.position < seen:
        await _fold_page(conn, fold, upto=seen)


async def _fold_page(conn: AsyncConnection[Any], fold: Fold, *, upto: int) -> None:
    for entry in await page(conn, BY_POSITION, {"after": fold.position, "upto": upto, "limit": PAGE_ENTRIES}):
        try:
            fold.apply(entry, entry.fact())
        except (KeyError, TypeError, ValueError) as error:
            # It came after the first pass had reached the end, so nothing has looked at it yet.
            differs(entry, f"does not follow from what was before ({type(error).__name__}: {error})")
    await _resolve(conn, fold)


async def _resolve(conn: AsyncConnection[Any], fold: Fold) -> None:
    if not fold.unknown:
        return
    first = {entry.stream: entry for entry in await page(conn, FIRST, {"streams": [entry.stream for entry, _ in fold.unknown]})}
    for entry, fact in fold.unknown:
        fold.resolve(entry, fact, first[entry.stream])
    fold.unknown.clear()


async def _compare_page(conn: AsyncConnection[Any], fold: Fold, low: str) -> str | None:
    """Returns where the next page begins; None after the last."""
    accounts = [account_id for account_id in fold.accounts() if account_id >= low]
    done = len(accounts) <= PAGE_ACCOUNTS
    accounts = accounts[:PAGE_ACCOUNTS]
    high = HIGHEST if done else accounts[-1]
    for table, (key, sql) in fold.tables.items():
        found = await rows(conn, sql, {"low": low, "high": high})
        compare(table, key, expected=fold.expected(table, accounts), found=found)
    return None if done else following(high)


def following(id: str) -> str:
    """The next higher id."""
    return str(UUID(int=UUID(id).int + 1))
