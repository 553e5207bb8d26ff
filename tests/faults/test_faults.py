"""The short form of `make chaos`: some of the faults once, on real processes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from daybook.engines import Engines
from tests.faults.audit import audit
from tests.faults.chaos import chance_of, run_one
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


def test_after_all_faults_the_book_is_right(running: Stack, reports: list[Report]):
    print("\n" + table(reports))
    assert audit(running) == ""
