"""A worker is killed with its slots full."""

from random import Random

from tests.faults.fault import Fault, Form, Report
from tests.faults.load import under_load
from tests.faults.stack import Stack


async def run(running: Stack, chance: Random, form: Form) -> Report:
    async def kill() -> None:
        running.kill("worker")

    return await under_load(running, "worker-killed", kill, after=chance.uniform(0.7, 1.3))


WORKER_KILLED = Fault(
    key="worker-killed",
    breaks="The worker is killed with its slots full; what it had claimed is claimed again once its lease has lapsed.",
    heals_within=60,
    short=True,
    run=run,
)
