"""Balances as they were: folded from the account's ledger facts up to a point, so that every earlier answer stays true."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from projections.credits.balance_rows import BalanceRow
from projections.credits.balances import BRANCHES, folded_onto
from projections.kernel.facts import Event
from projections.kernel.reader import ENDLESS, Reader
from projections.log.settled import settle


async def balance_at_position(conn: AsyncConnection[Any], account_id: UUID, position: int) -> BalanceRow | None:
    """After log position *position*; None before the account's ledger was opened."""
    return _folded(await _facts(conn, account_id, upto=position))


async def balance_recorded_by(conn: AsyncConnection[Any], account_id: UUID, moment: datetime) -> BalanceRow | None:
    """As the log stood at *moment*, which must have come."""
    await settle(conn, moment)
    return _folded([event for event in await _facts(conn, account_id) if event.recorded_at <= moment])


async def balance_effective_by(conn: AsyncConnection[Any], account_id: UUID, moment: datetime) -> BalanceRow | None:
    """Counting what counts from *moment* or before, whenever it was recorded."""
    return _folded([event for event in await _facts(conn, account_id) if event.fact.timestamp <= moment])


async def _facts(conn: AsyncConnection[Any], account_id: UUID, *, upto: int = ENDLESS) -> list[Event]:
    return await Reader().of_account(conn, account_id, after=0, upto=upto, topics=BRANCHES)


def _folded(facts: list[Event]) -> BalanceRow | None:
    return folded_onto(None, facts) if facts else None
