"""PostgreSQL ends connections that are at work: some at random, again and again, then all at once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random

import psycopg

from tests.faults.connected import moment, reconnected
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import under_load
from tests.faults.stack import Stack

#: Some die so often, before all do.
TIMES = {Form.SHORT: 3, Form.WHOLE: 10, Form.LONG: 20}
OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid"
END = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM unnest(%s::int[]) pid"


async def run(running: Stack, chance: Random, form: Form) -> Report:
    notes: list[str] = []

    async def cut() -> None:
        with psycopg.connect(running.database_url, autocommit=True) as connection:
            for _ in range(TIMES[form]):
                end(connection, lambda pids: chance.sample(pids, min(3, len(pids))))
                await asyncio.sleep(chance.uniform(0.05, 0.25))
            since = moment(running)
            end(connection, lambda pids: pids)
        notes.append(await reconnected(running, since=since))

    seconds = 1.0 + 0.15 * TIMES[form]
    report = await under_load(running, "postgres-connections", cut, count=round(100 * seconds), seconds=seconds, after=0.5)
    return replace(report, notes=tuple(notes))


def end(connection: psycopg.Connection, choose: Callable[[list[int]], list[int]]) -> None:
    victims = choose([row[0] for row in connection.execute(OTHERS).fetchall()])
    ended = connection.execute(END, (victims,)).fetchone()
    assert ended is not None and ended[0] > 0, "there was no connection to end"


POSTGRES_CONNECTIONS = Fault(
    key="postgres-connections",
    breaks="pg_terminate_backend at random moments, of three connections each time, then of all; counts from when all are connected again.",
    heals_within=35,
    short=False,
    run=run,
)
