"""An answer about recorded time waits for whoever took an earlier time and has not committed yet."""

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest

from projections.log.settled import settle


async def test_what_is_being_recorded_is_waited_for(database_url):
    async with (
        await psycopg.AsyncConnection.connect(database_url) as writer,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as reader,
    ):
        # As the journal does: the lock, the time, and only then the rows.
        await writer.execute("SELECT pg_advisory_xact_lock(7226434610427257601)")
        waiting = asyncio.create_task(settle(reader, datetime.now(UTC)))
        blocked = """
            SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
        """
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watcher:
            while (await (await watcher.execute(blocked)).fetchone())[0] == 0:
                assert not waiting.done()
                await asyncio.sleep(0.01)
        assert not waiting.done()
        await writer.commit()
        await asyncio.wait_for(waiting, 30)
        assert waiting.done()


@pytest.mark.parametrize("moment", [datetime(2020, 1, 1, tzinfo=UTC)])
async def test_long_ago_is_settled_at_once_when_nobody_writes(database_url, moment):
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as reader:
        await asyncio.wait_for(settle(reader, moment), 30)
        assert reader.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
