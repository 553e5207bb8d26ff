"""When the past is past: nothing more will be recorded at or before a moment."""

import asyncio
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

# The writer takes its time of recording under this lock, so whoever had it before the moment has committed once it is free.
LOCK = "SELECT pg_advisory_xact_lock_shared(7226434610427257601)"
# Recorded time never runs backwards, so an entry after the moment ends the question, and the database's clock says when it has come.
STATE = """
    SELECT coalesce((SELECT recorded_at > %(moment)s FROM journal.events ORDER BY position DESC LIMIT 1), false),
           extract(epoch FROM %(moment)s - clock_timestamp())::float8
"""


async def settle(conn: AsyncConnection[Any], moment: datetime) -> None:
    """Return when the log will record nothing more at or before *moment*, so that what is read of it then never changes.

    In autocommit only: a transaction would keep the lock, and the writers waiting.
    """
    assert conn.autocommit, "the lock must go with its statement"
    while True:
        row = await (await conn.execute(STATE, {"moment": moment})).fetchone()
        assert row is not None, "the query always answers"
        after, seconds = row
        if after:
            return
        if seconds < 0:
            break
        # Our clock is ahead of the database's.
        await asyncio.sleep(seconds + 0.001)
    await conn.execute(LOCK)
