"""Deciding under the lock: for commands that others overtook twice, so that no process starves on a stream it shares."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from infra.journal.append import Appended, arguments
from infra.journal.flight import Landed, execute, send
from infra.journal.link import STATEMENT_SECONDS, Link, is_lost
from infra.journal.meters import Meters
from infra.journal.pending import Pending, Round
from infra.journal.prepare import Preparer

# The only transaction in which a client holds the journal's lock. A client that stops in it is thrown out, so the others
# wait for at most this long. It begins in one flush with the look at the log, and ends in one with the append: while the
# lock is held the database waits for this process once only, to decide.
LOCKED = (
    "BEGIN",
    "SET LOCAL idle_in_transaction_session_timeout = '250ms'",
    "SELECT pg_advisory_xact_lock(7226434610427257601)",
)
DONE = ("COMMIT",)


async def decide_under_lock(
    side: Link, main: Link, preparer: Preparer, batch: Sequence[Pending], meters: Meters
) -> tuple[Round, Landed] | None:
    """Decide and append *batch* in one transaction that nobody can overtake. None: nothing was done, try again.

    Raises Lost, or psycopg.Error when the server refuses the append.
    """
    round_: Round | None = None
    appended: Appended | None = None
    try:
        async with side.limited(STATEMENT_SECONDS) as connection, undone_unless_closed(connection):
            round_ = await preparer.prepare(connection, batch, (), before=LOCKED)
            if round_ is not None and (entries := round_.entries()):
                appended = await execute(connection, arguments(entries), after=DONE)
        return None if round_ is None else (round_, Landed(appended, False))
    except psycopg.Error as error:
        if not is_lost(error):
            raise AppendRefused(round_, error) from error
        await side.close()
        if round_ is None:
            return None
        # Nobody knows whether the COMMIT arrived: the same batch is sent again, and finds out.
        landed = await send(main, round_, meters)
        return round_, Landed(landed.appended, True)


@asynccontextmanager
async def undone_unless_closed(connection: Any) -> AsyncIterator[None]:
    """What the block leaves open is rolled back: nothing was decided, or the server refused it."""
    try:
        yield
    finally:
        if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
            await connection.rollback()


class AppendRefused(Exception):
    """The server refused the append of *round_*."""

    def __init__(self, round_: Round | None, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.round = round_
        self.error = error
