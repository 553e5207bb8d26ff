"""The short form of `make chaos`: some of the faults once, on real processes."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from daybook.engines import Engines
from tests.bench.books import grant
from tests.faults.audit import audit
from tests.faults.book import Book
from tests.faults.chaos import chance_of, run_one
from tests.faults.client import register, submit_all
from tests.faults.fault import Fault, Form, Report
from tests.faults.scenarios import FAULTS
from tests.faults.stack import Stack, stack
from tests.faults.table import table

#: A dispatcher that has just begun does not reap for one lease, so its death comes after all others.
LAST = "dispatcher-killed"
SEED = int(os.environ.get("SEED", "1"))
SHORT = sorted((fault for fault in FAULTS if fault.short), key=lambda fault: (fault.key == LAST, fault.key))


@pytest.fixture(scope="module")
def running(engines: Engines, database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("chaos")
    with stack(folder, database_url=database_url, redis_url=redis_url, engines=engines) as processes:
        yield processes


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return []


@pytest.mark.parametrize("fault", SHORT, ids=lambda fault: fault.key)
def test_nothing_accepted_is_lost_and_nothing_is_charged_twice(running: Stack, reports: list[Report], fault: Fault):
    report = run_one(running, fault, chance_of(SEED, fault, 0), Form.SHORT)
    reports.append(report)
    assert fault.complaints(report) == [], f"\n{table([report])}\n{running.log[-3000:]}"


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


def wait(holds: Callable[[], bool], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)
