"""`daybook audit verify` at the end of a fault."""

import time

import psycopg

from tests.faults.book import Book
from tests.faults.stack import Stack


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
