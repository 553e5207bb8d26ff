"""The same histories through the real journal: what is in the log is what the naive ledger says, though every answer was lost once."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.journal_book import JournalBook
from tests.properties.ledger_machine import SEED, LedgerMachine
from tests.support.journal import JournalWorld, journal_world


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def world(runner: asyncio.Runner, fresh_database_url: str) -> Iterator[JournalWorld]:
    stack = AsyncExitStack()
    yield runner.run(stack.enter_async_context(journal_world(fresh_database_url)))
    runner.run(stack.aclose())


def histories(runner: asyncio.Runner, world: JournalWorld, *, count: int, steps: int) -> int:
    """Run *count* histories of at most *steps* each; how many steps were taken."""
    numbers = itertools.count(1)

    class JournalMachine(LedgerMachine):
        def book_of(self) -> JournalBook:
            return JournalBook(runner, world, numbers)

    before = LedgerMachine.reached["steps"]
    quiet = settings(max_examples=count, stateful_step_count=steps, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(seed(SEED)(JournalMachine), settings=quiet)
    return LedgerMachine.reached["steps"] - before


def test_histories_in_the_journal(runner: asyncio.Runner, world: JournalWorld) -> None:
    assert histories(runner, world, count=5, steps=25) > 5


@pytest.mark.long
def test_many_histories_in_the_journal(runner: asyncio.Runner, world: JournalWorld) -> None:
    assert histories(runner, world, count=100, steps=50) > 1_000
