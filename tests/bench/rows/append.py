"""The journal alone: 64 clients that hold credits and request a generation, against `Application.save` of two events."""

import asyncio
import time

import uvloop

from daybook.processes.run import calm_collector
from tests.bench.books import execute, journal_of, new_id, open_account, request_of
from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand

CLIENTS = 64
COMMANDS = 20_000


async def commands_per_second(dsn: str) -> float:
    async with journal_of(dsn) as journal:
        accounts = await asyncio.gather(*(open_account(journal, 100_000_000) for _ in range(CLIENTS)))
        left = iter(range(COMMANDS))
        # As every Daybook process does when it has started.
        calm_collector()

        async def client(number: int) -> None:
            for _ in left:
                await execute(journal, request_of(accounts[number], new_id()))

        began = time.perf_counter()
        await asyncio.gather(*(client(number) for number in range(CLIENTS)))
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
