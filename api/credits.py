"""Your credits: what you have, and every entry of your book."""

from typing import Any

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.listing import page_of
from api.shapes.credits import BalanceQuery, HistoryQuery, shown_balance, shown_entry
from domain.credits.refusals import AsOfOutOfRange, AsOfTwice, CreditAccountNotFound
from projections.credits.balance_rows import BalanceRow
from projections.credits.balances import balance_of, latest_balance_of
from projections.credits.ledger_entries import page_of_ledger_entries
from projections.credits.past_balances import balance_at_position, balance_effective_by, balance_recorded_by


async def balance(call: Call, query: BalanceQuery) -> Answer:
    """What you can spend and what is held: now, after a position of the log, or at a moment."""
    asked = [name for name in query.__struct_fields__ if getattr(query, name) is not None]
    if len(asked) > 1:
        raise AsOfTwice(errors=[(f"/{name}", "at most one of the three") for name in asked])
    if asked:
        return ok(shown_balance(await _past(call, query, asked[0])))
    async with call.platform.reads.connection() as connection:
        row = await (latest_balance_of if call.behind else balance_of)(connection, call.account_id)
        row = row or await latest_balance_of(connection, call.account_id)
    if row is None:
        raise CreditAccountNotFound()
    return ok(shown_balance(row))


async def history(call: Call, query: HistoryQuery) -> Answer:
    """Your book, newest entry first."""
    key = await call.platform.vault.key(call.account_id)
    filters: dict[str, Any] = {"account_id": call.account_id, "types": query.type}
    return await page_of(call, query, page_of_ledger_entries, lambda row: shown_entry(key, row), by="position", **filters)


async def _past(call: Call, query: BalanceQuery, asked: str) -> BalanceRow:
    """Raises AsOfOutOfRange: a balance that is not known is never zero."""
    account_id = call.account_id
    later = [moment for moment in (query.as_of, query.as_of_effective) if moment is not None and moment > call.now]
    if later or (query.as_of_position is not None and query.as_of_position > await call.platform.journal.head()):
        raise AsOfOutOfRange(errors=[(f"/{asked}", "has not come yet")])
    async with call.platform.reads.connection() as connection:
        if query.as_of_position is not None:
            row = await balance_at_position(connection, account_id, query.as_of_position)
        elif query.as_of is not None:
            row = await balance_recorded_by(connection, account_id, query.as_of)
        else:
            assert query.as_of_effective is not None
            row = await balance_effective_by(connection, account_id, query.as_of_effective)
    if row is None:
        raise AsOfOutOfRange(errors=[(f"/{asked}", "is before the account's book was opened")])
    return row
