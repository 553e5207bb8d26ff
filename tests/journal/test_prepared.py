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
