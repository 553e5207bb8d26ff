"""Ledger entries in the order of the log, with the balances after each: what an auditor reads to see that a balance is right."""

from collections import OrderedDict
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from domain.kernel.ids import credit_stream
from projections.log.rows import EFFECTIVE_AT

_WHERE = f"""
    position > %(after)s AND position <= %(upto)s AND available IS NOT NULL
      AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
      AND (%(effective_by)s::timestamptz IS NULL OR {EFFECTIVE_AT} <= %(effective_by)s)
"""
# What moved credits, in the order of the log.
MOVES = f"""
    SELECT position, account_id::text, topic, recorded_at, {EFFECTIVE_AT}, available, held, owed, outside, book
    FROM journal.events WHERE {_WHERE} ORDER BY position LIMIT %(limit)s
"""
# All of it together.
SUM = f"""
    SELECT coalesce(sum(available), 0)::bigint, coalesce(sum(held), 0)::bigint, coalesce(sum(owed), 0)::bigint
    FROM journal.events WHERE {_WHERE}
"""
# Where and when an account's book was opened.
OPENED = f"SELECT position, recorded_at, {EFFECTIVE_AT} FROM journal.events WHERE stream = %(stream)s AND version = 1"

#: Each takes about 250 bytes.
ACCOUNTS_MAX = 100_000


class Balance(NamedTuple):
    """Whole credits."""

    available: int = 0
    held: int = 0
    owed: int = 0


class Move(NamedTuple):
    """One ledger entry: what it moved on each side, and into or out of which outside book."""

    position: int
    account_id: str
    topic: str
    recorded_at: datetime
    effective_at: datetime
    available: int
    held: int
    owed: int
    outside: int
    book: str

    def onto(self, before: Balance) -> Balance:
        return Balance(before.available + self.available, before.held + self.held, before.owed + self.owed)


class Opened(NamedTuple):
    """When an account's book began."""

    position: int
    recorded_at: datetime
    effective_at: datetime


class Books:
    """The balances of all accounts while the log is read, at most so many at a time: who was put away is summed from the log again."""

    def __init__(self, conn: AsyncConnection[Any], *, effective_by: datetime | None = None, accounts_max: int = ACCOUNTS_MAX) -> None:
        self._conn = conn
        self._effective_by = effective_by
        self._accounts_max = accounts_max
        self._known: OrderedDict[str, Balance] = OrderedDict()
        self._put_away = False

    async def after(self, move: Move) -> Balance:
        """The account's balances after *move*. Moves come in the order of the log."""
        before = self._known.pop(move.account_id, None)
        if before is None:
            before = await self._summed(move) if self._put_away else Balance()
            if len(self._known) >= self._accounts_max:
                self._known.popitem(last=False)
                self._put_away = True
        balance = self._known[move.account_id] = move.onto(before)
        return balance

    async def _summed(self, move: Move) -> Balance:
        account_id, upto = UUID(move.account_id), move.position - 1
        return await balance_of_moves(self._conn, upto=upto, account_id=account_id, effective_by=self._effective_by)


async def moves(
    conn: AsyncConnection[Any],
    *,
    after: int,
    upto: int,
    limit: int,
    account_id: UUID | None = None,
    effective_by: datetime | None = None,
) -> list[Move]:
    """At most *limit* ledger entries after *after*, up to *upto*; with *effective_by* only those that counted by then."""
    params = {"after": after, "upto": upto, "limit": limit, "account_id": account_id, "effective_by": effective_by}
    cursor = await conn.cursor(binary=True).execute(MOVES.encode(), params, prepare=False)
    return [Move._make(row) for row in await cursor.fetchall()]


async def balance_of_moves(
    conn: AsyncConnection[Any], *, upto: int, account_id: UUID | None = None, effective_by: datetime | None = None
) -> Balance:
    """The sum of all ledger entries up to *upto*."""
    params = {"after": 0, "upto": upto, "account_id": account_id, "effective_by": effective_by}
    row = await (await conn.execute(SUM.encode(), params, prepare=False)).fetchone()
    return Balance._make(row or ())


async def opened(conn: AsyncConnection[Any], account_id: UUID) -> Opened | None:
    """None when there is no such account."""
    row = await (await conn.execute(OPENED.encode(), {"stream": credit_stream(account_id)})).fetchone()
    return None if row is None else Opened._make(row)
