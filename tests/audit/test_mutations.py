"""Whoever changes anything, in any table, by whatever means: verify finds it and says where."""

import asyncio
import os
import random
from collections.abc import Iterator

import psycopg
import pytest

from projections.audit.guards import CHECKED_BUT_FOR
from tests.support.forging import Forger, forger
from tests.support.mutations import LOG, Mutation, Mutations, is_named
from tests.support.projecting import Library
from tests.support.signed_book import seal_now

SHORT, LONG = 60, 600


@pytest.fixture(scope="module")
def signed(database_url: str) -> str:
    """A book under checkpoints, whose last one covers the end of the log. Nothing in the database hinders its owner."""

    async def write() -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
            library = Library(database_url, conn)
            history = library.busy_history(11, 60)
            for steps in (100, 200, 300):
                await library.book.flush(conn)
                await seal_now(conn)
                history.run(steps)
            await library.project()
            await seal_now(conn)

    asyncio.run(write())
    with forger(database_url) as owner:
        owner.lift_checks()
    return database_url


@pytest.fixture
def owner(signed: str) -> Iterator[Forger]:
    with forger(signed) as owner:
        yield owner


def test_the_book_is_right_before_anybody_touches_it(owner: Forger):
    report = owner.after("SET LOCAL timezone = 'Asia/Tokyo'")
    assert report.ok and report.sealed and report.sealed.size == report.events and report.unsealed == 0
    assert report.sealed.checkpoints == 4


def test_random_mutations_are_found_and_named(owner: Forger):
    missed = tried(owner, seed=1, count=SHORT)
    assert missed == [], "\n".join(missed)


@pytest.mark.long
def test_many_random_mutations_are_found_and_named(owner: Forger):
    missed = tried(owner, seed=int(os.environ.get("SEED", "1")), count=LONG)
    assert missed == [], "\n".join(missed)


def tried(owner: Forger, *, seed: int, count: int) -> list[str]:
    """What was not found, or not named, of *count* mutations."""
    mutations = Mutations(owner, random.Random(seed))
    chosen = (mutations.any() for _ in range(count))
    return [missed for number, mutation in enumerate(chosen) if (missed := missed_of(owner, mutation, f"seed {seed}, {number}"))]


def missed_of(owner: Forger, mutation: Mutation, name: str) -> str:
    """Nothing when it was found and named."""
    report = owner.after_all(mutation.statements)
    return "" if is_named(mutation, report) else f"{name}: {mutation} -> {report.first_difference}"


def test_every_column_of_the_log_is_found_wherever_it_is_changed(owner: Forger):
    """Also those that no rule and no read model speaks of: actor, correlation, fingerprint, status."""
    assert every_column_of(owner, [LOG]) == []


@pytest.mark.long
def test_every_column_of_every_table_is_found_wherever_it_is_changed(owner: Forger):
    assert every_column_of(owner, sorted(CHECKED_BUT_FOR)) == []


def every_column_of(owner: Forger, tables: list[str]) -> list[str]:
    """What was not found of one change of each column, the tables taken from the database itself."""
    mutations = Mutations(owner, random.Random(int(os.environ.get("SEED", "1"))))
    missed = []
    for table in tables:
        assert table in mutations.tables, f"{table} has no rows that could be changed"
        for column in mutations.columns[table]:
            mutation = None
            while mutation is None:
                mutation = mutations.update(table, column)
            missed.append(missed_of(owner, mutation, column.name))
    return [each for each in missed if each]
