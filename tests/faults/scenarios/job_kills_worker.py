"""A job that ends its process every time it is tried: first the whole worker, then the child that it is alone in, three times."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from random import Random
from uuid import UUID, uuid4

import psycopg

from domain.kernel.limits import DEATHS_MAX
from tests.faults.callers import insist, submit
from tests.faults.children import grandchildren
from tests.faults.client import submit_all
from tests.faults.fault import Fault, Form, Report
from tests.faults.leases import let_lapse
from tests.faults.load import PATIENCE_SECONDS, customer, healed, report
from tests.faults.stack import Stack

#: It works for seconds in a child process, so there is time to end that.
KILLER = {"kind": "video", "model": "builtin/clip-1", "prompt": "a boat", "params": {"duration": 5, "quality": "480p"}}
INNOCENTS, SECONDS = 150, 3.0
STARTS = "SELECT count(*) FROM journal.events WHERE stream = %(id)s AND topic = 'generations.started'"
ENDS = """
    SELECT topic, state ->> 'code' FROM journal.log
    WHERE stream = ANY (%(ids)s) AND topic IN ('generations.succeeded', 'generations.failed', 'generations.canceled')
"""
QUARANTINED = ("generations.failed", "quarantined")


async def run(running: Stack, chance: Random, form: Form) -> Report:
    token, account = await customer(running)
    killer = (await insist(lambda _: running.port, submit(token, str(uuid4()), KILLER))).id
    first = await asyncio.to_thread(kill_first_worker, running, killer)
    if form is Form.SHORT:
        await asyncio.to_thread(let_lapse, running)
    deaths = asyncio.create_task(asyncio.to_thread(kill_children, running, killer, first))
    innocents = await submit_all(running.url, token, INNOCENTS, seconds=SECONDS)
    children, last = await deaths
    await healed(running, [killer, *innocents], time.monotonic())
    with psycopg.connect(running.database_url) as connection:
        end = connection.execute(ENDS, {"ids": [killer]}).fetchone()
        ended = connection.execute(ENDS, {"ids": innocents}).fetchall()
    wrong = [f"the killer ended as {end} after {children} deaths of its own"] if (end, children) != (QUARANTINED, DEATHS_MAX) else []
    if hurt := sum(topic != "generations.succeeded" for topic, _ in ended):
        wrong.append(f"{hurt} innocents did not succeed")
    return report(
        running,
        "job-kills-worker",
        account,
        [killer, *innocents],
        expected=INNOCENTS + 1,
        heal_seconds=last,
        wrong=tuple(wrong),
        notes=(f"the killer was begun {starts(running, killer)} times",),
    )


def kill_first_worker(running: Stack, killer: UUID) -> int:
    """The worker that has begun it dies, as when memory ran out. Returns its process id."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not starts(running, killer):
        assert time.monotonic() < until, "nobody began the killer"
        time.sleep(0.02)
    first = running.pid("worker")
    running.kill("worker")
    return first


def kill_children(running: Stack, killer: UUID, first: int) -> tuple[int, float]:
    """Whatever child the killer is alone in dies. How many died, and seconds from the last death to the killer's end.

    The children of the *first* worker die with it, a moment later, and are not among them.
    """
    dead: set[int] = set()
    until, last = time.monotonic() + PATIENCE_SECONDS, time.monotonic()
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        while connection.execute(ENDS, {"ids": [killer]}).fetchone() is None and time.monotonic() < until:
            worker = running.pid("worker")
            for pid in (grandchildren(worker) if worker != first else set()) - dead:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    dead.add(pid)
                    last = time.monotonic()
            time.sleep(0.02)
    return len(dead), time.monotonic() - last


def starts(running: Stack, killer: UUID) -> int:
    with psycopg.connect(running.database_url) as connection:
        row = connection.execute(STARTS, {"id": killer}).fetchone()
    assert row is not None
    return int(row[0])


JOB_KILLS_WORKER = Fault(
    key="job-kills-worker",
    breaks="A job ends its process every time; the time is that from its last death to its quarantine. Other jobs notice nothing.",
    heals_within=None,
    short=False,
    run=run,
)
