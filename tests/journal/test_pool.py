"""The pool: bounded, in autocommit, with a sentence when the database is away."""

import asyncio

import pytest

from infra.postgres.pool import DatabaseUnreachable, Pool, open_pool
from tests.support.journal import execute_sql


async def test_a_connection_is_in_autocommit_and_its_statements_have_an_end(database_url: str) -> None:
    async with open_pool(database_url, size=1) as pool, pool.connection() as connection:
        assert connection.autocommit
        cursor = await connection.execute("SELECT current_setting('statement_timeout'), current_setting('jit')")
        assert await cursor.fetchone() == ("15s", "off")


async def test_whoever_finds_no_free_connection_is_told_so_in_time(database_url: str) -> None:
    async with open_pool(database_url, size=1) as pool, pool.connection():
        with pytest.raises(DatabaseUnreachable) as refusal:
            async with pool.connection(timeout=0.05):
                pytest.fail("the only connection was given twice")
    assert refusal.value.retry_after == 1


async def test_connections_that_were_killed_are_replaced(database_url: str) -> None:
    async with open_pool(database_url, size=2, name="killed") as pool:
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
        execute_sql(database_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'killed'")
        with pytest.raises(DatabaseUnreachable):
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
        async with asyncio.timeout(5), pool.connection() as connection:
            assert await (await connection.execute("SELECT 2")).fetchone() == (2,)


async def test_a_reader_cancelled_while_it_gives_back_does_not_keep_the_connection(database_url: str) -> None:
    """The library's pool waits for its lock there: who was cancelled in that moment left it one smaller for good."""
    has, done = asyncio.Event(), asyncio.Event()

    async def read(pool: Pool) -> None:
        async with pool.connection():
            has.set()
            await done.wait()

    async with open_pool(database_url, size=1) as pool:
        reader = asyncio.create_task(read(pool))
        await has.wait()
        async with pool._pool._lock:
            done.set()
            await asyncio.sleep(0.01)
            reader.cancel()
            await asyncio.wait({reader})
        assert reader.cancelled()
        async with pool.connection(timeout=1) as connection:
            assert await (await connection.execute("SELECT 1")).fetchone() == (1,)


async def test_an_address_where_nothing_is_fails_at_once(tmp_path: object) -> None:
    with pytest.raises(DatabaseUnreachable):
        async with asyncio.timeout(10), open_pool(f"postgresql:///x?host={tmp_path}", size=1):
            pytest.fail("there is nothing to connect to")
