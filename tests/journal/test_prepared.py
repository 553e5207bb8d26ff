"""Statements that are sent without psycopg's cursor."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from infra.postgres.arrays import adapters, int4s, texts
from infra.postgres.prepared import Statement

PAIRS = Statement("daybook_pairs", "SELECT n, w FROM unnest(%(numbers)s, %(words)s) AS pairs (n, w) WHERE n = ANY (%(numbers)s)")
VALUES = {"numbers": int4s([1, 2]), "words": texts(["one", None])}
EXPECTED = [(1, "one"), (2, None)]


def state(connection: psycopg.AsyncConnection[Any]) -> psycopg.pq.TransactionStatus:
    return connection.info.transaction_status


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True, context=adapters()) as made:
        yield made


async def test_rows_come_back_as_a_cursor_would_give_them(connection: psycopg.AsyncConnection[Any]) -> None:
    assert await PAIRS.rows(connection, VALUES) == EXPECTED
    assert await PAIRS.rows(connection, VALUES) == EXPECTED


async def test_it_is_prepared_again_after_everything_was_deallocated(connection: psycopg.AsyncConnection[Any]) -> None:
    assert await PAIRS.rows(connection, VALUES) == EXPECTED
    await connection.execute("DEALLOCATE ALL")
    assert await PAIRS.rows(connection, VALUES) == EXPECTED


async def test_in_a_transaction_that_fault_is_told_because_the_transaction_is_lost(connection: psycopg.AsyncConnection[Any]) -> None:
    assert await PAIRS.rows(connection, VALUES) == EXPECTED
    await connection.execute("DEALLOCATE ALL")
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        async with connection.transaction():
            await PAIRS.rows(connection, VALUES)
    assert await PAIRS.rows(connection, VALUES) == EXPECTED


async def test_what_the_server_refuses_is_raised_by_its_name(connection: psycopg.AsyncConnection[Any]) -> None:
    divides = Statement("daybook_divides", "SELECT 1 / n FROM unnest(%(numbers)s) AS given (n)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await divides.rows(connection, {"numbers": int4s([0])})
    assert await divides.rows(connection, {"numbers": int4s([1])}) == [(1,)]


async def test_statements_around_it_go_in_the_same_round_trip_and_in_order(
    connection: psycopg.AsyncConnection[Any], database_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await connection.execute("CREATE TEMPORARY TABLE notes (word text)")
        for _ in ("prepared with it", "prepared before"):
            found = await PAIRS.rows(
                connection, VALUES, before=("BEGIN", "SELECT pg_advisory_xact_lock(77)", "INSERT INTO notes VALUES ('x')")
            )
            assert found == EXPECTED
            assert state(connection) == psycopg.pq.TransactionStatus.INTRANS
            assert await (await other.execute("SELECT pg_try_advisory_lock(77)")).fetchone() == (False,)
            assert await PAIRS.rows(connection, VALUES, after=("COMMIT",)) == EXPECTED
            assert state(connection) == psycopg.pq.TransactionStatus.IDLE
            assert await (await other.execute("SELECT pg_try_advisory_lock(77), pg_advisory_unlock(77)")).fetchone() == (True, True)
    assert await (await connection.execute("SELECT count(*) FROM notes")).fetchone() == (2,)


@pytest.mark.parametrize(("before", "after"), [(("BEGIN", "SELECT 1 / 0"), ("COMMIT",)), (("BEGIN",), ("SELECT 1 / 0", "COMMIT"))])
async def test_what_follows_a_failed_one_is_not_done(
    connection: psycopg.AsyncConnection[Any], before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        await PAIRS.rows(connection, VALUES, before=before, after=after)
    assert state(connection) == psycopg.pq.TransactionStatus.INERROR
    await connection.rollback()
    assert await PAIRS.rows(connection, VALUES) == EXPECTED


async def test_among_others_it_is_prepared_again_once_its_transaction_is_undone(connection: psycopg.AsyncConnection[Any]) -> None:
    assert await PAIRS.rows(connection, VALUES) == EXPECTED
    await connection.execute("DEALLOCATE ALL")
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        await PAIRS.rows(connection, VALUES, before=("BEGIN",))
    await connection.rollback()
    assert await PAIRS.rows(connection, VALUES, before=("BEGIN",), after=("COMMIT",)) == EXPECTED


async def test_a_connection_that_breaks_in_the_middle_is_closed(connection: psycopg.AsyncConnection[Any], database_url: str) -> None:
    pid = connection.info.backend_pid
    with pytest.raises(psycopg.OperationalError):
        await PAIRS.rows(connection, VALUES, before=("BEGIN", f"SELECT pg_terminate_backend({pid})", "SELECT pg_sleep(1)"))
    assert connection.closed
