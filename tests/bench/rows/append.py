"""The journal alone: 64 clients that hold credits and request a generation, against `Application.save` of two events."""

import asyncio
import time

import uvloop

from daybook.processes.run import calm_collector
from domain.kernel.commands import Command, Context
from tests.bench.books import asked, journal_of, new_id, open_account, request_of
from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand

CLIENTS = 64
COMMANDS = 320 * CLIENTS


async def commands_per_second(dsn: str) -> float:
    async with journal_of(dsn) as journal:
        accounts = await asyncio.gather(*(open_account(journal, 100_000_000) for _ in range(CLIENTS)))
        # Made before the clock runs: what is measured is the journal, with everything that deciding takes.
        waiting = [[asked(request_of(account, new_id())) for _ in range(COMMANDS // CLIENTS)] for account in accounts]
        # As every Daybook process does when it has started.
        calm_collector()

        async def client(commands: list[tuple[Command, Context]]) -> None:
            for command, context in commands:
                await journal.execute(command, context)

        began = time.perf_counter()
        await asyncio.gather(*(client(commands) for commands in waiting))
        return COMMANDS / (time.perf_counter() - began)


def measure(stand: Stand) -> Round:
    ours, stock = stand.database(), stand.empty_database()
    try:
        return {
            "ours": uvloop.run(commands_per_second(ours)),
            "stock Application.save": stand.peer("stock_eventsourcing.py", "append", stock, "3000", "8")["per_second"],
        }
    finally:
        stand.drop(ours)
        stand.drop(stock)


ROW = Row(
    name="journal append, 64 clients, two-event commands",
    beside="PostgreSQL",
    measure=measure,
    floors=[Floor("ours", 10, per="stock Application.save")],
    units={"ours": "commands/s", "stock Application.save": "commands/s"},
)
