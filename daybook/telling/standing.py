"""Balances as of one position after the other, folded on from the last: who tells of an account tells in the log's order."""

from collections import OrderedDict
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from domain.credits.events import CreditsGranted, issuing_book
from domain.ports import Connections
from domain.telling.low import MEASURING_SOURCES
from projections.credits.balance_rows import BalanceRow
from projections.credits.balances import MODEL, balance_of, folded_onto
from projections.kernel.facts import Event
from projections.kernel.reader import Reader

ACCOUNTS_MAX = 1_000
#: Of one account: of those who listen at its end, and of some who still catch up.
PLACES_MAX = 4

# How much the last grant was that the limit of a low balance is taken from. The topic is written out, as in its index (0034_grants.sql).
MEASURE = f"""
    SELECT -outside FROM journal.events
    WHERE account_id = %(account_id)s AND position <= %(position)s AND topic = '{CreditsGranted.TOPIC}' AND book = ANY(%(books)s)
    ORDER BY position DESC LIMIT 1
"""
BOOKS = sorted(issuing_book(source) for source in MEASURING_SOURCES)


class Standing(NamedTuple):
    """The balance after a ledger fact, what was available before it, and the measure of a low balance."""

    row: BalanceRow
    available_before: int
    measure: int


class Standings:
    """Remembers the accounts it was asked for last."""

    def __init__(self, reads: Connections) -> None:
        self._reads = reads
        self._reader = Reader()
        #: Newest first.
        self._known: OrderedDict[UUID, list[BalanceRow]] = OrderedDict()

    async def after(self, account_id: UUID, position: int) -> Standing:
        """As of the ledger fact at *position*."""
        async with self._reads.connection() as connection:
            start = before = await self._before(connection, account_id, position)
            after = before.position if before else 0
            facts: list[Event] = []
            async for page in self._reader.of_account(connection, account_id, after=after, upto=position, topics=MODEL.topics):
                if facts:
                    before = folded_onto(before, facts)
                facts = page
            values = {"account_id": account_id, "position": position, "books": BOOKS}
            found = await (await connection.execute(MEASURE, values)).fetchone()
        if facts[:-1]:
            before = folded_onto(before, facts[:-1])
        row = folded_onto(before, facts[-1:])
        self._keep(account_id, row, instead_of=start)
        return Standing(row, before.available if before else 0, found[0] if found else 0)

    async def _before(self, connection: AsyncConnection[Any], account_id: UUID, position: int) -> BalanceRow | None:
        """A balance from before *position*: the one told of last, or what the read model has seen; None: fold from the beginning."""
        for known in self._known.get(account_id, ()):
            if known.position < position:
                return known
        seen = await balance_of(connection, account_id)
        return seen if seen is not None and seen.position < position else None

    def _keep(self, account_id: UUID, row: BalanceRow, *, instead_of: BalanceRow | None) -> None:
        """Whoever was told of that one before goes on from here."""
        others = [each for each in self._known.get(account_id, ()) if each is not instead_of and each.position != row.position]
        self._known[account_id] = sorted([row, *others], key=lambda each: -each.position)[:PLACES_MAX]
        self._known.move_to_end(account_id)
        if len(self._known) > ACCOUNTS_MAX:
            self._known.popitem(last=False)
