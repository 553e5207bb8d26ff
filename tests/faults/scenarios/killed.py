"""A process that keeps nothing is killed, and comes back."""

import asyncio
import time
from random import Random

import psycopg

from tests.faults.fault import Fault, Form, Report
from tests.faults.load import PATIENCE_SECONDS, under_load
from tests.faults.stack import Stack

WAITS_FOR_NODES = "SELECT pid FROM pg_locks WHERE relation = 'proofs.nodes'::regclass AND NOT granted"


def killed(role: str, *, short: bool) -> Fault:
    async def run(running: Stack, chance: Random, form: Form) -> Report:
        async def kill() -> None:
            running.kill(role)

        return await under_load(running, f"{role}-killed", kill, after=chance.uniform(0.7, 1.3))

    return Fault(
        key=f"{role}-killed",
        breaks=f"The {role} is killed in the middle of its work, and started again half a second later.",
        heals_within=60,
        short=short,
        run=run,
    )


def kill_notary_within_a_batch(running: Stack) -> None:
    """After the tree has grown and before its nodes are kept, which is one transaction."""
    with psycopg.connect(running.database_url) as holding, psycopg.connect(running.database_url, autocommit=True) as looking:
        # Reads go on; what would be written waits.
        holding.execute("LOCK TABLE proofs.nodes IN SHARE MODE")
        until = time.monotonic() + PATIENCE_SECONDS
        while not looking.execute(WAITS_FOR_NODES).fetchall():
            if time.monotonic() > until:
                raise AssertionError("the notary never came to a batch")
            time.sleep(0.01)
        running.kill("notary")


async def notary_killed(running: Stack, chance: Random, form: Form) -> Report:
    async def kill() -> None:
        await asyncio.to_thread(kill_notary_within_a_batch, running)

    return await under_load(running, "notary-killed", kill, after=chance.uniform(0.7, 1.3), unsealed=True)


API_KILLED = killed("api", short=True)
DISPATCHER_KILLED = killed("dispatcher", short=True)
PROJECTOR_KILLED = killed("projector", short=True)
SCHEDULER_KILLED = killed("scheduler", short=False)
NOTARY_KILLED = Fault(
    key="notary-killed",
    breaks="The notary is killed after it has built a part of its tree and before it has kept it, and started again half a second later.",
    heals_within=60,
    short=True,
    run=notary_killed,
)
