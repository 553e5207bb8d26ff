"""Deciding under the lock: for commands that others overtook twice, so that no process starves on a stream it shares."""

from collections.abc import Sequence

import psycopg

from infra.journal.append import Appended, arguments
from infra.journal.flight import Landed, execute, send
from infra.journal.link import STATEMENT_SECONDS, Link, is_lost
from infra.journal.meters import Meters
from infra.journal.pending import Pending, Round
from infra.journal.prepare import Preparer

# The only transaction in which a client holds the journal's lock. A client that stops in it is thrown out, so the others
# wait for at most this long.
LOCK = "SET LOCAL idle_in_transaction_session_timeout = '250ms'; SELECT pg_advisory_xact_lock(7226434610427257601)"


async def decide_under_lock(
    side: Link, main: Link, preparer: Preparer, batch: Sequence[Pending], meters: Meters
) -> tuple[Round, Landed] | None:
    """Decide and append *batch* in one transaction that nobody can overtake. None: nothing was done, try again.

    Raises Lost, or psycopg.Error when the server refuses the append.
    """
    round_: Round | None = None
    appended: Appended | None = None
    try:
        async with side.limited(STATEMENT_SECONDS) as connection, connection.transaction():
            await connection.execute(LOCK, prepare=False)
            round_ = await preparer.prepare(connection, batch, ())
            if round_ is None:
                return None
            entries = round_.entries()
            if entries:
                appended = await execute(connection, arguments(entries))
        return round_, Landed(appended, False)
    except psycopg.Error as error:
        if not is_lost(error):
            raise AppendRefused(round_, error) from error
        await side.close()
        if round_ is None:
            return None
        # Nobody knows whether the COMMIT arrived: the same batch is sent again, and finds out.
        landed = await send(main, round_, meters)
        return round_, Landed(landed.appended, True)


class AppendRefused(Exception):
    """The server refused the append of *round_*."""

    def __init__(self, round_: Round | None, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.round = round_
        self.error = error
