"""Who is connected to the database, by the names that our processes give their connections."""

import asyncio
import time
from collections.abc import Collection

import psycopg

from tests.faults.load import PATIENCE_SECONDS
from tests.faults.stack import Stack

NOW = """SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
#: Who takes part in every generation.
NEEDED = ("daybook api", "daybook dispatcher", "daybook worker")
RECONNECT_SECONDS_MAX = 15.0
NAMES = """
    SELECT DISTINCT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'daybook %%' AND backend_start > %(since)s::timestamptz
"""


def moment(running: Stack) -> str:
    """Now, by the database's clock; with a zone."""
    with psycopg.connect(running.database_url) as connection:
        row = connection.execute(
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
        ).fetchone()
    assert row is not None
    return str(row[0])


def names(running: Stack, *, since: str = "-infinity") -> set[str]:
    """Of all connections that were made after *since*.   Raises psycopg.OperationalError while the database is away."""
    with psycopg.connect(running.database_url) as connection:
        return {row[0] for row in connection.execute(NAMES, {"since": since}).fetchall()}


async def reconnected(running: Stack, *, since: str) -> str:
    """Waits until the API answers and the worker and the dispatcher are connected again; what that took.   Raises AssertionError."""
    began = time.monotonic()
    await connected(running, NEEDED, since=since, seconds=RECONNECT_SECONDS_MAX)
    while not await asyncio.to_thread(running.ready):
        assert time.monotonic() < began + RECONNECT_SECONDS_MAX, "the API does not become ready"
        await asyncio.sleep(0.05)
    return f"connected again after {time.monotonic() - began:.1f} s"


async def connected(running: Stack, wanted: Collection[str], *, since: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until each of *wanted* has a connection that was made after *since*.   Raises AssertionError."""
    until = time.monotonic() + seconds
    while True:
        missing = set(wanted) - await asyncio.to_thread(names, running, since=since)
        if not missing:
            return
        assert time.monotonic() < until, f"{', '.join(sorted(missing))} did not come back"
        await asyncio.sleep(0.05)
