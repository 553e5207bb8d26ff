"""The short form of `make chaos`: every fault once, on real processes."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from daybook.engines import Engines
from tests.bench.books import grant
from tests.faults.book import Book
from tests.faults.chaos import GENERATIONS, ORDER, Report, audit, break_once, table
from tests.faults.client import register, submit_all
from tests.faults.stack import Stack, stack


@pytest.fixture(scope="module")
def running(engines: Engines, database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("chaos")
    with stack(folder, database_url=database_url, redis_url=redis_url) as processes:
        yield processes


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return []


@pytest.mark.parametrize("fault", ORDER[:-1])
def test_nothing_accepted_is_lost_and_nothing_is_charged_twice(running: Stack, reports: list[Report], fault: str):
    survive(running, reports, fault)


def test_the_late_result_of_a_worker_that_stood_still_is_refused(running: Stack):
    token, account = asyncio.run(register(running.url))
    asyncio.run(grant(running.database_url, account, 1_000))
    accepted = asyncio.run(submit_all(running.url, token, 40, seconds=0.5))
    running.signal("worker", signal.SIGSTOP)
    try:
        with psycopg.connect(running.database_url, autocommit=True) as connection:
            stopped = [row[0] for row in connection.execute(LET_LEASES_LAPSE).fetchall()]
        assert stopped
        with running.another("worker"):
            book = Book(running.database_url)
            wait(lambda: book.ends(accepted).total == len(accepted), seconds=30)
            running.signal("worker", signal.SIGCONT)
            time.sleep(2)
    finally:
        running.signal("worker", signal.SIGCONT)
    assert book.ends(accepted).succeeded == len(accepted)
    assert book.ended_twice() == 0
    assert book.ledger(account) == (5 * len(accepted), 0)
    with psycopg.connect(running.database_url) as connection:
        attempts = [row[0] for row in connection.execute(ATTEMPTS_THAT_SUCCEEDED, {"ids": stopped}).fetchall()]
    assert set(attempts) <= {"1", "2"}
    assert "2" in attempts


def test_nothing_is_lost_when_the_dispatcher_is_killed(running: Stack, reports: list[Report]):
    survive(running, reports, ORDER[-1])


def test_after_all_faults_the_book_is_right(running: Stack, reports: list[Report]):
    print("\n" + table(reports))
    assert audit(running) == ""


# Thirty seconds later, without the wait. What is not begun yet may still be begun by whoever claims it first.
LET_LEASES_LAPSE = """
    UPDATE dispatch.work SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'leased' RETURNING generation_id
"""
ATTEMPTS_THAT_SUCCEEDED = """
    SELECT state ->> 'attempt' FROM journal.log WHERE topic = 'generations.succeeded' AND stream = ANY (%(ids)s)
"""


def survive(running: Stack, reports: list[Report], fault: str) -> None:
    report = asyncio.run(break_once(running, fault))
    reports.append(report)
    assert report.holds, f"\n{table([report])}\n{running.log[-3000:]}"
    assert report.succeeded == GENERATIONS
    assert report.heal_seconds < 60


def wait(holds: Callable[[], bool], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)
