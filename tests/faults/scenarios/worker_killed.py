"""Workers are killed in the middle of jobs, again and again while what the last one had is still claimed."""

import asyncio
from random import Random
from uuid import UUID

from tests.faults.fault import Fault, Form, Report
from tests.faults.leases import let_lapse, wait_until_busy
from tests.faults.load import under_load
from tests.faults.stack import Stack

#: The last one of the short form is spared the thirty seconds of its leases.
KILLS = {Form.SHORT: 1, Form.WHOLE: 3, Form.LONG: 10}
#: For each death: so much that something waits at every one.
GENERATIONS, SECONDS = 120, 3.0


async def run(running: Stack, chance: Random, form: Form) -> Report:
    async def kill() -> None:
        dead: set[UUID] = set()
        for _ in range(KILLS[form]):
            dead |= await asyncio.to_thread(wait_until_busy, running, dead)
            await asyncio.sleep(chance.uniform(0, 0.3))
            running.kill("worker")
        if form is Form.SHORT:
            await asyncio.to_thread(let_lapse, running)

    count, seconds = GENERATIONS * KILLS[form], SECONDS * KILLS[form]
    return await under_load(running, "worker-killed", kill, count=count, seconds=seconds, after=chance.uniform(0.7, 1.3))


WORKER_KILLED = Fault(
    key="worker-killed",
    breaks="The worker is killed in the middle of jobs, again and again; the heal time counts from its last death.",
    heals_within=35,
    short=True,
    run=run,
)
