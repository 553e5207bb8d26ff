"""The journal alone: 64 clients that hold credits and request a generation, against `Application.save` of two events.

And 16 processes with a writer and one client each: nobody has company in a commit, so this is how many commits a second there are.
"""

import asyncio
import json
import subprocess
import sys
import time
from statistics import harmonic_mean

import uvloop

from daybook.processes.run import calm_collector
from domain.kernel.commands import Command, Context
from infra.journal.meters import Meters
from tests.bench.books import asked, journal_of, new_id, open_account, request_of
from tests.bench.load import quantile
from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand

CLIENTS = 64
COMMANDS = 320 * CLIENTS
PROCESSES = 16
ALONE_SECONDS = 4


async def commands_per_second(dsn: str, *, clients: int = CLIENTS, commands: int = COMMANDS, meters: Meters | None = None) -> float:
    async with journal_of(dsn, meters=meters) as journal:
        accounts = await asyncio.gather(*(open_account(journal, 100_000_000) for _ in range(clients)))
        # Made before the clock runs: what is measured is the journal, with everything that deciding takes.
        waiting = [[asked(request_of(account, new_id())) for _ in range(commands // clients)] for account in accounts]
        # As every Daybook process does when it has started.
        calm_collector()

        async def client(commands: list[tuple[Command, Context]]) -> None:
            for command, context in commands:
                await journal.execute(command, context)

        began = time.perf_counter()
        await asyncio.gather(*(client(commands) for commands in waiting))
        return commands / (time.perf_counter() - began)


def measure(stand: Stand) -> Round:
    ours, stock = stand.database(), stand.empty_database()
    try:
        # The peer between two halves of ours, so that a machine that grows quicker or slower meanwhile does so for both.
        before = uvloop.run(commands_per_second(ours, commands=COMMANDS // 2))
        peer = stand.peer("stock_eventsourcing.py", "append", stock, "3000", "8")["per_second"]
        after = uvloop.run(commands_per_second(ours, commands=COMMANDS // 2))
        return {"ours": harmonic_mean([before, after]), "stock Application.save": peer}
    finally:
        stand.drop(ours)
        stand.drop(stock)


def sixteen(stand: Stand) -> Round:
    dsn = stand.database()
    words = [sys.executable, "-m", "tests.bench.one_client", dsn, str(ALONE_SECONDS)]
    running = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    try:
        for process in running:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("a client did not start")
        for process in running:
            process.stdin.write("go\n")
            process.stdin.flush()
        seen = [json.loads(process.communicate(timeout=ALONE_SECONDS + 60)[0]) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
        stand.drop(dsn)
    taken = sorted(milliseconds for one in seen for milliseconds in one["milliseconds"])
    return {
        "ours": sum(len(one["milliseconds"]) / one["seconds"] for one in seen),
        "p50": quantile(taken, 0.5),
        "p99": quantile(taken, 0.99),
    }


ROW = Row(
    key="append",
    name="journal append, 64 clients, two-event commands",
    beside="PostgreSQL",
    measure=measure,
    floors=[Floor("ours", 10, per="stock Application.save")],
    units={"ours": "commands/s", "stock Application.save": "commands/s"},
)
SIXTEEN = Row(
    key="processes",
    name="journal append, 16 processes with one client each",
    beside="PostgreSQL",
    measure=sixteen,
    units={"ours": "commands/s", "p50": "ms", "p99": "ms"},
)
