"""`make chaos`: load on the real processes while one thing breaks, again and again; then the book must be right.

usage: python -m tests.faults.chaos [--long] [--faults worker,redis,...]
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psycopg
import redis

from daybook.engines import embedded
from tests.bench.books import grant
from tests.faults.book import Book
from tests.faults.client import register, submit_all
from tests.faults.stack import Stack, stack

GENERATIONS = 200
SUBMIT_SECONDS = 2.0
#: In the middle of the submits, while as many run as there are slots.
FAULT_AFTER_SECONDS = 1.0
HEAL_SECONDS_MAX = 60.0
PRICE = 5
CREDITS = 1_000_000
ROUNDS_LONG = 5


class Report(NamedTuple):
    """`lost`: answered with 202 and not final in time. `again`: attempts that were begun a second time.

    `unsealed`: when it is the notary that broke, how many events it had not signed in time.
    """

    fault: str
    accepted: int
    succeeded: int
    failed: int
    lost: int
    double_ends: int
    double_charges: int
    held: int
    unsealed: int
    again: int
    heal_seconds: float

    @property
    def holds(self) -> bool:
        wrong = (self.lost, self.double_ends, self.double_charges, self.held, self.unsealed)
        return not any(wrong) and self.accepted == GENERATIONS


def flush(running: Stack) -> None:
    with redis.Redis.from_url(running.redis_url) as client:
        client.flushall()


def cut_connections(running: Stack) -> None:
    """Every connection to PostgreSQL breaks at once, in the middle of whatever it does."""
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def kill_notary_within_a_batch(running: Stack) -> None:
    """After the tree has grown and before its nodes are kept, which is one transaction."""
    with psycopg.connect(running.database_url) as holding, psycopg.connect(running.database_url, autocommit=True) as looking:
        # Reads go on; what would be written waits.
        holding.execute("LOCK TABLE proofs.nodes IN SHARE MODE")
        until = time.monotonic() + HEAL_SECONDS_MAX
        while not looking.execute(WAITS_FOR_NODES).fetchall():
            if time.monotonic() > until:
                raise AssertionError("the notary never came to a batch")
            time.sleep(0.01)
        running.kill("notary")


WAITS_FOR_NODES = "SELECT pid FROM pg_locks WHERE relation = 'proofs.nodes'::regclass AND NOT granted"
FAULTS: dict[str, Callable[[Stack], None]] = {
    "api": lambda running: running.kill("api"),
    "connections": cut_connections,
    "dispatcher": lambda running: running.kill("dispatcher"),
    "notary": kill_notary_within_a_batch,
    "projector": lambda running: running.kill("projector"),
    "redis": flush,
    "scheduler": lambda running: running.kill("scheduler"),
    "worker": lambda running: running.kill("worker"),
}
#: A dispatcher that has just begun does not reap for one lease, so its death comes after the worker's.
ORDER = ("worker", "redis", "projector", "notary", "api", "dispatcher")


async def break_once(running: Stack, fault: str) -> Report:
    """One account, GENERATIONS submits, one fault in the middle."""
    token, account = await register(running.url)
    await grant(running.database_url, account, CREDITS)
    book = Book(running.database_url)
    submits = asyncio.create_task(submit_all(running.url, token, GENERATIONS, seconds=SUBMIT_SECONDS))
    await asyncio.sleep(FAULT_AFTER_SECONDS)
    await asyncio.to_thread(FAULTS[fault], running)
    began = time.monotonic()
    accepted = await submits

    def missing() -> tuple[int, int]:
        """Generations without their end, and what a notary that broke has not signed."""
        return len(accepted) - book.ends(accepted).total, book.unsealed() if fault == "notary" else 0

    while any(left := missing()) and time.monotonic() - began < HEAL_SECONDS_MAX:
        await asyncio.sleep(0.1)
    heal_seconds = time.monotonic() - began
    ends, ledger = book.ends(accepted), book.ledger(account)
    return Report(
        fault=fault,
        accepted=len(accepted),
        succeeded=ends.succeeded,
        failed=ends.failed,
        lost=left[0],
        double_ends=book.ended_twice(),
        double_charges=ledger.charged - PRICE * ends.succeeded,
        held=ledger.held,
        unsealed=left[1],
        again=ends.again,
        heal_seconds=heal_seconds,
    )


def audit(running: Stack) -> str:
    """'' when `daybook audit verify` finds nothing, else what it said. Read models and the notary may be a moment behind."""
    wait_for_read_models(running.database_url)
    wait_for_the_notary(Book(running.database_url))
    done = running.command("audit", "verify")
    good = done.returncode == 0 and "0 events not yet under a checkpoint" in map(str.strip, done.stdout.splitlines())
    return "" if good else f"audit verify ended with {done.returncode}: {done.stdout}{done.stderr}"


def wait_for_read_models(database_url: str, seconds: float = 20) -> None:
    behind = "SELECT (SELECT max(position) FROM journal.events) - min(position) FROM read.models WHERE state = 'live'"
    until = time.monotonic() + seconds
    with psycopg.connect(database_url, autocommit=True) as connection:
        while (row := connection.execute(behind).fetchone()) and row[0] != 0 and time.monotonic() < until:
            time.sleep(0.1)


def wait_for_the_notary(book: Book, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while book.unsealed() and time.monotonic() < until:
        time.sleep(0.1)


def table(reports: Sequence[Report]) -> str:
    head = (
        f"{'fault':<12}{'accepted':>9}{'succeeded':>10}{'failed':>8}{'lost':>6}{'2 ends':>8}{'2 charges':>10}{'held':>6}"
        f"{'unsealed':>9}{'again':>7}{'heal p50 s':>12}{'max':>7}"
    )
    lines = [head]
    for fault in dict.fromkeys(report.fault for report in reports):
        rows = [report for report in reports if report.fault == fault]
        sums = [sum(column) for column in zip(*(row[1:10] for row in rows), strict=True)]
        heals = [row.heal_seconds for row in rows]
        lines.append(
            f"{fault:<12}{sums[0]:>9}{sums[1]:>10}{sums[2]:>8}{sums[3]:>6}{sums[4]:>8}{sums[5]:>10}{sums[6]:>6}{sums[7]:>9}{sums[8]:>7}"
            f"{median(heals):>12.1f}{max(heals):>7.1f}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--long", action="store_true", help=f"{ROUNDS_LONG} rounds of every fault")
    parser.add_argument("--faults", default=",".join(ORDER), help=f"some of {', '.join(FAULTS)}; in this order")
    options = parser.parse_args()
    faults = options.faults.split(",")
    if unknown := set(faults) - set(FAULTS):
        parser.error(f"there is no fault {', '.join(sorted(unknown))}")
    with (
        tempfile.TemporaryDirectory(prefix="daybook-chaos-") as folder,
        embedded(Path(folder) / "engines") as engines,
        stack(Path(folder), database_url=engines.database_url, redis_url=engines.redis_url) as running,
    ):
        reports = []
        for fault in faults * (ROUNDS_LONG if options.long else 1):
            reports.append(asyncio.run(break_once(running, fault)))
            print(table(reports[-1:]), flush=True)
        complaint = audit(running)
    print("\n" + table(reports))
    print(complaint or "audit verify: ok")
    return 0 if not complaint and all(report.holds for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
