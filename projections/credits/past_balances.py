"""Balances as they were: folded from the account's ledger facts up to a point, so that every earlier answer stays true."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from projections.credits.balance_rows import BalanceRow
from projections.credits.balances import MODEL, folded_onto
from projections.kernel.facts import Event
from projections.kernel.reader import ENDLESS, Reader
from projections.log.settled import settle

# The last entry of each account up to a position, by its index. Accounts have their ledger from the beginning.
RUNNING = """
    SELECT a.id, coalesce(e.available_after, 0), coalesce(e.held_after, 0), coalesce(e.owed_after, 0)
    FROM read.accounts_v1 a LEFT JOIN LATERAL (
        SELECT available_after, held_after, owed_after FROM read.ledger_entries_v2 e
        WHERE e.account_id = a.id AND e.position <= %(position)s ORDER BY e.position DESC LIMIT 1
    ) e ON true
    WHERE a.id > %(after)s AND a.created_position <= %(position)s ORDER BY a.id LIMIT %(limit)s
"""


async def running_balances(conn: AsyncConnection[Any], *, position: int, after: UUID, limit: int) -> list[tuple[UUID, int, int, int]]:
    """What the ledger entries say that each account had at *position*: (id, available, held, owed), of the next *limit* ids.

    A read model's word: it may be behind, or altered.
    """
    cursor = await conn.execute(RUNNING, {"position": position, "after": after, "limit": limit}, prepare=False)
    return await cursor.fetchall()


async def balance_at_position(conn: AsyncConnection[Any], account_id: UUID, position: int) -> BalanceRow | None:
    """After log position *position*; None before the account's ledger was opened."""
    return await _folded(conn, account_id, lambda event: True, upto=position)


async def balance_recorded_by(conn: AsyncConnection[Any], account_id: UUID, moment: datetime) -> BalanceRow | None:
    """As the log stood at *moment*, which must have come."""
    await settle(conn, moment)
    return await _folded(conn, account_id, lambda event: event.recorded_at <= moment)


async def balance_effective_by(conn: AsyncConnection[Any], account_id: UUID, moment: datetime) -> BalanceRow | None:
    """Counting what counts from *moment* or before, whenever it was recorded."""
    return await _folded(conn, account_id, lambda event: event.fact.timestamp <= moment)


async def _folded(
    conn: AsyncConnection[Any], account_id: UUID, counts: Callable[[Event], bool], *, upto: int = ENDLESS
) -> BalanceRow | None:
    """The balance after the account's ledger facts that count; None without any."""
    row: BalanceRow | None = None
    async for page in Reader().of_account(conn, account_id, after=0, upto=upto, topics=MODEL.topics):
        if counted := [event for event in page if counts(event)]:
            row = folded_onto(row, counted)
    return row
