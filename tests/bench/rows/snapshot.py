"""Claims and submits while somebody keeps a snapshot open for a minute: nothing that was changed since can be cleaned up.

A whole installation works at a steady rate. Beside its worker a second one, in this process, claims one at a time and settles what it
gets, so that claims can be timed. The last third of the snapshot's minute is compared with as long a time before it.
"""

import asyncio
import time
import uuid

import psycopg
import uvloop

from domain.generations.commands import StartGeneration, SucceedGeneration
from infra.dispatch.claims import PostgresClaims
from infra.postgres.pool import Pool
from tests.bench.books import execute, journal_of
from tests.bench.load import quantile
from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.submit import expect_accepted, submit_plan
from tests.bench.stand import Stand, free_port, load

CONNECTIONS = 16
SUBMITS_PER_SECOND = 200
CLAIM_EVERY_SECONDS = 0.01
WARM_UP_SECONDS = 5
WINDOW_SECONDS = 20
HELD_SECONDS = 60

#: When a sample was taken (Unix time), and how many milliseconds it took.
Samples = list[tuple[float, float]]


def measure(stand: Stand) -> Round:
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api", "worker --concurrency 64", "dispatcher", "projector", port=port):
            tokens = stand.tokens(dsn, port, CONNECTIONS)
            return uvloop.run(watched(dsn, submit_plan(port, tokens, connections=CONNECTIONS)))
    finally:
        stand.drop(dsn)


async def watched(dsn: str, plan: dict) -> Round:
    seconds = WARM_UP_SECONDS + WINDOW_SECONDS + HELD_SECONDS + 1
    steady = {**plan, "seconds": seconds, "rate": SUBMITS_PER_SECOND, "keep_samples": True}
    claims: Samples = []
    async with asyncio.TaskGroup() as tasks:
        submits = tasks.create_task(asyncio.to_thread(load, steady))
        claiming = tasks.create_task(claim_and_settle(dsn, claims))
        await asyncio.sleep(WARM_UP_SECONDS + WINDOW_SECONDS)
        opened = time.time()
        await hold_a_snapshot(dsn, HELD_SECONDS)
        closed = time.time()
        seen = expect_accepted(await submits)
        claiming.cancel()
    figures: Round = {}
    for name, samples in (("submit", seen["samples"]), ("claim", claims)):
        figures[f"{name} p99 before"] = p99(samples, opened)
        figures[f"{name} p99 at its end"] = p99(samples, closed)
    return figures


async def hold_a_snapshot(dsn: str, seconds: float) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await connection.execute("SELECT count(*) FROM dispatch.work")
        await asyncio.sleep(seconds)
        # It must have been one transaction all the time: whoever ended it would make this fail.
        await connection.execute("SELECT count(*) FROM dispatch.work")


async def claim_and_settle(dsn: str, claims: Samples) -> None:
    """Claims until it is cancelled, whether it finds something or not: an empty queue full of dead rows is the worst case."""
    pool = Pool(dsn, size=1, name="bench")
    await pool.open()
    try:
        async with journal_of(dsn) as journal:
            port, owner = PostgresClaims(pool), uuid.uuid4()
            while True:
                began = time.perf_counter()
                claimed = await port.claim(owner, ["image"], 1)
                claims.append((time.time(), (time.perf_counter() - began) * 1000))
                for one in claimed:
                    about = {"generation_id": one.generation_id, "worker": "bench"}
                    await execute(journal, StartGeneration(**about))
                    end = SucceedGeneration(**about, account_id=one.account_id, attempt=1, assets=[], price=5, usage={"item": 1})
                    await execute(journal, end)
                await asyncio.sleep(CLAIM_EVERY_SECONDS)
    finally:
        await pool.close()


def p99(samples: Samples, until: float) -> float:
    """Of those that were taken in the window that ends at *until*."""
    return quantile(sorted(taken for at, taken in samples if until - WINDOW_SECONDS <= at < until), 0.99)


ROW = Row(
    key="snapshot",
    name="claims and submits while one snapshot is open for 60 s",
    beside="api, worker (64 slots), dispatcher, projector, PostgreSQL, Redis, load generator (200 submits/s), a worker that is timed",
    measure=measure,
    floors=[Floor(f"{name} p99 at its end", 2, least=False, per=f"{name} p99 before") for name in ("submit", "claim")],
    units={f"{name} p99 {when}": "ms" for name in ("submit", "claim") for when in ("before", "at its end")},
    rounds_most=3,
)
