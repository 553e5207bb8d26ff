"""`daybook audit verify` at the end of a fault."""

import time
from dataclasses import replace

import psycopg

from tests.faults.book import Book
from tests.faults.fault import Report
from tests.faults.stack import Stack


def audit(running: Stack) -> str:
    """'' when `daybook audit verify` finds nothing, or the log is empty; else what it said. Followers may be a moment behind."""
    if not Book(running.database_url).head():
        return ""
    wait_for_read_models(running.database_url)
    wait_for_the_notary(Book(running.database_url))
    done = running.command("audit", "verify")
    good = done.returncode == 0 and "0 events not yet under a checkpoint" in map(str.strip, done.stdout.splitlines())
    return "" if good else f"audit verify ended with {done.returncode}: {done.stdout}{done.stderr}"


def with_audit(report: Report, running: Stack) -> Report:
    """*report*, and what the audit of processes that only this fault has says."""
    complaint = audit(running)
    return replace(report, wrong=(*report.wrong, complaint)) if complaint else report


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
