"""A worker stands still for longer than its leases, with its slots full, and goes on as if nothing had happened."""

import asyncio
import signal
import time
from collections.abc import Sequence
from random import Random
from uuid import UUID

import psycopg

from tests.faults.client import submit_all
from tests.faults.fault import Fault, Form, Report
from tests.faults.leases import held, let_lapse, wait_until_busy
from tests.faults.load import customer, healed, report
from tests.faults.stack import Stack

#: The short form lets the leases lapse at once.
STOPPED_SECONDS = {Form.SHORT: 0.0, Form.WHOLE: 60.0, Form.LONG: 60.0}
GENERATIONS = {Form.SHORT: 40, Form.WHOLE: 200, Form.LONG: 200}
LATER = 20
#: What the zombie had in its hands when it woke is recorded, or refused, by then.
LATE_SECONDS = 2.0
#: Before it is asked what a stopped worker has: what PostgreSQL had been sent is done by then.
SETTLED_SECONDS = 0.3
WORKER = "SELECT worker FROM dispatch.workers WHERE pid = %(pid)s ORDER BY last_beat DESC LIMIT 1"
ENDED = """
    SELECT actor FROM journal.events
    WHERE stream = ANY (%(ids)s) AND topic IN ('generations.succeeded', 'generations.failed', 'generations.canceled')
"""


async def run(running: Stack, chance: Random, form: Form) -> Report:
    token, account = await customer(running)
    count = GENERATIONS[form]
    with running.another("worker"):
        submits = asyncio.create_task(submit_all(running.url, token, count, seconds=count / 100))
        zombie, stopped = await stop_in_the_middle(running, chance)
        began = time.monotonic()
        try:
            if form is Form.SHORT:
                await asyncio.to_thread(let_lapse, running)
            accepted = await submits
            await healed(running, accepted, began)
            heal_seconds = time.monotonic() - began
            await asyncio.sleep(max(0.0, began + STOPPED_SECONDS[form] - time.monotonic()))
        finally:
            running.signal("worker", signal.SIGCONT)
        await asyncio.sleep(LATE_SECONDS)
    # The zombie is alone now: it works like any other.
    later = await submit_all(running.url, token, LATER, seconds=0.2)
    await healed(running, later, time.monotonic())
    theirs, own = ended_by(running, stopped), ended_by(running, later)
    return report(
        running,
        "worker-stopped",
        account,
        accepted + later,
        expected=count + LATER,
        heal_seconds=heal_seconds,
        wrong=tuple(complaints(zombie, theirs, own)),
        notes=(f"it stood still for {STOPPED_SECONDS[form]:.0f} s with {len(stopped)} in its hands",),
    )


async def stop_in_the_middle(running: Stack, chance: Random) -> tuple[str, list[UUID]]:
    """The worker stands still: its name in the log, and what it had begun and not ended."""
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        while not (row := connection.execute(WORKER, {"pid": running.pid("worker")}).fetchone()):
            await asyncio.sleep(0.1)
    while True:
        await asyncio.to_thread(wait_until_busy, running)
        await asyncio.sleep(chance.uniform(0, 0.2))
        running.signal("worker", signal.SIGSTOP)
        await asyncio.sleep(SETTLED_SECONDS)
        stopped = [generation_id for generation_id, owner in held(running).items() if owner == row[0]]
        if stopped:
            return f"worker:{row[0]}", stopped
        running.signal("worker", signal.SIGCONT)


def ended_by(running: Stack, ids: Sequence[UUID]) -> list[str]:
    """Who recorded the end of each."""
    with psycopg.connect(running.database_url) as connection:
        return [row[0] for row in connection.execute(ENDED, {"ids": list(ids)}).fetchall()]


def complaints(zombie: str, theirs: Sequence[str], later: Sequence[str]) -> list[str]:
    found = []
    if late := theirs.count(zombie):
        found.append(f"{late} late results were recorded")
    if (own := later.count(zombie)) < LATER:
        found.append(f"the worker that stood still has ended only {own} of {LATER} since")
    return found


WORKER_STOPPED = Fault(
    key="worker-stopped",
    breaks="A worker stands still for 60 s with its slots full and then goes on; the heal time counts from when it stood still.",
    heals_within=35,
    short=True,
    run=run,
)
