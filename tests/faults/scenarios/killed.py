"""A process that keeps nothing is killed in the middle of its work, and comes back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg

from tests.faults.bells import bells_ring
from tests.faults.book import Book
from tests.faults.client import BODY, register
from tests.faults.connected import connected, moment
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import GENERATIONS, PATIENCE_SECONDS, SUBMIT_SECONDS, under_load
from tests.faults.stack import Stack

#: From when the new process is at work.
HEALS_WITHIN = 5
CAUGHT_SECONDS_MAX = 5.0
# Whoever of a role waits for one of our locks: it stands in the middle of what it writes.
WAITING = """
    SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.relation = %(table)s::regclass AND NOT l.granted AND a.application_name LIKE %(name)s
"""

Well = Callable[[Stack], Awaitable[object]]


async def kill_within(running: Stack, role: str, *, table: str, name: str, seconds: float) -> bool:
    """Kill *role* while a connection called *name* waits to write into *table*, after *seconds* at least, and wait for its successor.

    False: nobody of that name came to write.
    """
    since, caught = moment(running), False
    with psycopg.connect(running.database_url) as holding, psycopg.connect(running.database_url, autocommit=True) as looking:
        # Reads go on; what would be written waits.
        holding.execute(f"LOCK TABLE {table} IN SHARE MODE")
        await asyncio.sleep(seconds)
        until = time.monotonic() + CAUGHT_SECONDS_MAX
        while not caught and time.monotonic() < until:
            await asyncio.sleep(0.01)
            caught = bool(looking.execute(WAITING, {"table": table, "name": name}).fetchall())
        running.kill(role)
    await connected(running, [f"daybook {role}"], since=since)
    while not await asyncio.to_thread(running.ready):
        await asyncio.sleep(0.05)
    return caught


def killed(
    role: str,
    breaks: str,
    *,
    table: str,
    name: str,
    seconds: float = 0.05,
    well: Well | None = None,
    body: Callable[[], Mapping[str, Any]] = lambda: BODY,
    unsealed: bool = False,
    short: bool = True,
) -> Fault:
    key = f"{role}-killed"

    async def run(running: Stack, chance: Random, form: Form) -> Report:
        restarts: list[float] = []

        async def kill() -> None:
            began = time.monotonic()
            caught = await kill_within(running, role, table=table, name=name, seconds=seconds)
            assert caught, f"the {role} never came to write into {table}"
            restarts.append(time.monotonic() - began)

        async def checked() -> None:
            if well is not None:
                await well(running)

        part = 0.5 if form is Form.SHORT else 1.0
        report = await under_load(
            running,
            key,
            kill,
            count=round(part * GENERATIONS),
            seconds=part * SUBMIT_SECONDS,
            after=part * chance.uniform(0.7, 1.3),
            unsealed=unsealed,
            body=body,
            well=checked,
        )
        return replace(report, notes=(f"at work again {restarts[0]:.1f} s after it was waited for",))

    sentence = f"{breaks} It is started again half a second later; counts from when the new one is connected and the API answers."
    return Fault(key=key, breaks=sentence, heals_within=HEALS_WITHIN, short=short, run=run)


async def rings(running: Stack) -> None:
    token, _ = await register(running.url)
    await bells_ring(running, token)


async def folded(running: Stack) -> None:
    """Every read model holds the whole log."""
    book, until = Book(running.database_url), time.monotonic() + PATIENCE_SECONDS
    while await asyncio.to_thread(book.behind):
        assert time.monotonic() < until, "the read models stand still"
        await asyncio.sleep(0.05)


def soon() -> Mapping[str, Any]:
    """A generation that the scheduler has to begin: most become due while it is dead."""
    return {**BODY, "run_at": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}


# The journal's connections are called alike in all roles; the API appends a hundred times a second then, the scheduler once a second.
API_KILLED = killed("api", "The API is killed while its appends wait in the database.", table="dispatch.work", name="daybook journal%")
DISPATCHER_KILLED = killed(
    "dispatcher", "The dispatcher is killed while it makes retries claimable.", table="dispatch.work", name="daybook dispatcher", well=rings
)
NOTARY_KILLED = killed(
    "notary", "The notary is killed after it has built its tree and before it has kept it.", table="proofs.nodes", name="%", unsealed=True
)
PROJECTOR_KILLED = killed(
    "projector", "The projector is killed in the middle of a batch.", table="read.models", name="daybook projector", well=folded
)
SCHEDULER_KILLED = killed(
    "scheduler",
    "The scheduler is killed while it appends what is due.",
    table="dispatch.work",
    name="daybook journal%",
    seconds=1.2,
    body=soon,
    short=False,
)
