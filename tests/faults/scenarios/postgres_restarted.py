"""PostgreSQL is shut down, or killed, under load, and started again."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random

from daybook.engines.postgres import Postgres
from tests.faults.connected import moment, reconnected
from tests.faults.fault import Fault, Form, Report
from tests.faults.hands import by_hand
from tests.faults.load import under_load
from tests.faults.stack import Stack

SECONDS = 3.0


def restart(key: str, breaks: str, end: Callable[[Postgres], None]) -> Fault:
    async def run(running: Stack, chance: Random, form: Form) -> Report:
        postgres = running.engines.postgres

        notes: list[str] = []

        async def break_it() -> None:
            since = moment(running)
            await by_hand(lambda: end(postgres))
            await asyncio.sleep(chance.uniform(0, 1))
            await by_hand(postgres.start)
            notes.append(await reconnected(running, since=since))

        report = await under_load(running, key, break_it, count=300, seconds=SECONDS, after=chance.uniform(0.7, 1.5))
        return replace(report, notes=tuple(notes))

    return Fault(
        key=key, breaks=f"{breaks} The heal time counts from when it takes connections again.", heals_within=35, short=False, run=run
    )


POSTGRES_KILLED = restart("postgres-killed", "PostgreSQL is killed (SIGKILL), recovers from its log, and is there again.", Postgres.kill)
POSTGRES_RESTARTED = restart("postgres-restarted", "PostgreSQL is shut down (fast: sessions are ended) and started again.", Postgres.stop)
