"""One writer with one client, in a process of its own.

usage: python -m tests.bench.one_client DSN SECONDS
Prints `ready`, waits for a line, asks for generations one after the other, and prints {"seconds", "milliseconds": […]}.
"""

import asyncio
import json
import sys
import time

import uvloop

from daybook.processes.run import calm_collector
from tests.bench.books import execute, journal_of, new_id, open_account, request_of


async def run(dsn: str, seconds: float) -> dict:
    taken = []
    async with journal_of(dsn, connections=1) as journal:
        account = await open_account(journal, 100_000_000)
        calm_collector()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.perf_counter()
        while (before := time.perf_counter()) < began + seconds:
            await execute(journal, request_of(account, new_id()))
            taken.append((time.perf_counter() - before) * 1000)
        return {"seconds": time.perf_counter() - began, "milliseconds": taken}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(sys.argv[1], float(sys.argv[2])))))
