"""PostgreSQL ends connections that are at work."""

import asyncio
from random import Random

import psycopg

from tests.faults.fault import Fault, Form, Report
from tests.faults.load import under_load
from tests.faults.stack import Stack

# Of everybody but the one who asks.
END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def end_all(running: Stack) -> None:
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        connection.execute(END_ALL)


async def run(running: Stack, chance: Random, form: Form) -> Report:
    async def cut() -> None:
        await asyncio.to_thread(end_all, running)

    return await under_load(running, "postgres-connections", cut, after=chance.uniform(0.7, 1.3))


POSTGRES_CONNECTIONS = Fault(
    key="postgres-connections",
    breaks="Every connection to PostgreSQL is ended at once, whatever it does; the heal time counts from then.",
    heals_within=35,
    short=False,
    run=run,
)
