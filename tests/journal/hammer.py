"""A process of its own that bumps one counter as fast as it can: `python -m tests.journal.hammer DSN COUNTER SECONDS CLIENTS`.

With `locked` as a fifth word every round is decided under the lock, so that stopping it finds it inside a transaction.
It prints how many bumps it made.
"""

import asyncio
import sys
import time
from uuid import UUID

from infra.journal import contested
from tests.journal.counters import COUNTERS, Bump
from tests.support.journal import context, journal_world


async def hammer(dsn: str, counter: UUID, seconds: float, clients: int) -> int:
    made = 0
    async with journal_world(dsn, COUNTERS) as world:
        await world.journal.execute(Bump(counter_id=counter, by=0), context())
        # Whoever starts several waits for this line, so that they begin together.
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        until = time.monotonic() + seconds

        async def client() -> None:
            nonlocal made
            while time.monotonic() < until:
                await world.journal.execute(Bump(counter_id=counter), context())
                made += 1

        await asyncio.gather(*[client() for _ in range(clients)])
    return made


if __name__ == "__main__":
    if sys.argv[5:] == ["locked"]:
        contested.REFUSED_MAX = 0
    print(asyncio.run(hammer(sys.argv[1], UUID(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))), flush=True)
