"""A newer release writes a fact that the projector does not know: it stops before it, skips nothing, and its successor goes on."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from tests.faults.audit import wait_for_the_notary
from tests.faults.book import Book
from tests.faults.client import submit_all
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import PATIENCE_SECONDS, customer, healed, report
from tests.faults.stack import Stack
from tests.journal.counters import COUNTERS, Open
from tests.support.journal import context, journal_world

ROOT = Path(__file__).parents[3]
GENERATIONS, SECONDS = 150, 5.0
#: The projector is started again and again all this time, and must not move.
WATCHED_SECONDS = {Form.SHORT: 1.0, Form.WHOLE: 4.0, Form.LONG: 20.0}
FIRST_UNKNOWN = "SELECT min(position) FROM journal.events WHERE topic LIKE 'tests.%'"
STANDS = "SELECT min(position), max(position), bool_and(error LIKE 'upgrade_needed: %%') FROM read.models WHERE place = 'read'"
BEHIND = "SELECT (SELECT max(position) FROM journal.events) - min(position) FROM read.models WHERE place = 'read'"
VERSION = "SELECT version FROM read.models WHERE name = 'generations' AND place = 'read' AND state = 'live'"
# Generations whose row is not what their last fact says.
AMISS = """
    SELECT count(*) FROM unnest(%(ids)s::uuid[]) AS asked (id) LEFT JOIN {generations} g USING (id)
    WHERE 'generations.' || coalesce(g.status, 'nowhere') <> (
        SELECT topic FROM journal.events e WHERE e.stream = asked.id ORDER BY version DESC LIMIT 1)
"""


async def run(running: Stack, chance: Random, form: Form) -> Report:
    # The log is not the same again after it.
    with running.fresh() as own:
        token, account = await customer(own)
        submits = asyncio.create_task(submit_all(own.url, token, GENERATIONS, seconds=SECONDS))
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        await write_as_a_newer_release(own)
        wrong = await asyncio.to_thread(stopped_before_it, own, WATCHED_SECONDS[form])
        accepted = await submits
        await healed(own, accepted, time.monotonic())
        with newer(own, "projector"):
            began = time.monotonic()
            wrong += await asyncio.to_thread(complete, own, accepted)
            heal_seconds = time.monotonic() - began
        wrong += await asyncio.to_thread(audited, own)
        return report(
            own,
            "projector-too-old",
            account,
            accepted,
            expected=GENERATIONS,
            heal_seconds=heal_seconds,
            wrong=tuple(wrong),
        )


async def write_as_a_newer_release(own: Stack) -> None:
    async with journal_world(own.database_url, COUNTERS) as newer:
        for _ in range(2):
            await newer.journal.execute(Open(counter_id=uuid4()), context())


def stopped_before_it(own: Stack, seconds: float) -> list[str]:
    """All read models stand right before the first fact that they do not know, and stay there."""
    with psycopg.connect(own.database_url, autocommit=True) as connection:
        last = one(connection, FIRST_UNKNOWN)[0] - 1
        until = time.monotonic() + PATIENCE_SECONDS
        while (found := one(connection, STANDS)) != (last, last, True) and time.monotonic() < until:
            time.sleep(0.05)
        until = time.monotonic() + seconds
        while (found := one(connection, STANDS)) == (last, last, True) and time.monotonic() < until:
            time.sleep(0.05)
    return [] if found == (last, last, True) else [f"the read models stood at {found[0]} to {found[1]} and not at {last} with a reason"]


@contextmanager
def newer(own: Stack, role: str) -> Iterator[None]:
    """A process of the newer release beside the old one, as during an upgrade."""
    words = [sys.executable, "-m", "tests.faults.newer_release", role]
    with (own.folder / "newer.log").open("ab") as log:
        process = subprocess.Popen(words, env=own.environment(), cwd=ROOT, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def complete(own: Stack, accepted: Sequence[UUID]) -> list[str]:
    """The newer release has brought every read model to the end of the log, with everything in between."""
    with psycopg.connect(own.database_url, autocommit=True) as connection:
        until = time.monotonic() + PATIENCE_SECONDS
        while (behind := one(connection, BEHIND)[0]) and time.monotonic() < until:
            time.sleep(0.05)
        table = sql.Identifier("read", f"generations_v{one(connection, VERSION)[0]}")
        row = connection.execute(sql.SQL(AMISS).format(generations=table), {"ids": list(accepted)}).fetchone()
    assert row is not None
    found = [f"{row[0]} generations are not in their read model as they are in the log"] if row[0] else []
    return found + ([f"read models are {behind} events behind"] if behind else [])


def audited(own: Stack) -> list[str]:
    wait_for_the_notary(Book(own.database_url))
    words = [sys.executable, "-m", "tests.faults.newer_release", "audit", "verify"]
    done = subprocess.run(words, env=own.environment(), cwd=ROOT, capture_output=True, text=True, timeout=120)
    return [] if done.returncode == 0 else [f"audit verify ended with {done.returncode}: {done.stdout}{done.stderr}"]


def one(connection: psycopg.Connection, query: str) -> tuple[int, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(row)


PROJECTOR_TOO_OLD = Fault(
    key="projector-too-old",
    breaks="A newer release writes a fact that the projector does not know; the heal time counts from the start of a newer projector.",
    heals_within=30,
    short=False,
    run=run,
)
