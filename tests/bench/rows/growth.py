"""The same small load on logs of 10⁴, 10⁵ and 10⁶ events: what a submit, a read and a claim take at their 99th percentile.

The three logs are seeded once for the whole run, and each round takes a copy of them. All three are served at the same time, and short
slices of load go round among them, so that whatever else the machine does meets all sizes alike.
"""

import asyncio
import time
import uuid
from collections import defaultdict
from contextlib import ExitStack

import uvloop

from infra.dispatch.claims import PostgresClaims
from infra.postgres.pool import Pool
from tests.bench.books import fill_queue
from tests.bench.load import quantile
from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.end_to_end import SECONDS_MAX, caught_up
from tests.bench.rows.submit import expect_accepted, submit_plan
from tests.bench.stand import Stand, free_port, load
from tests.support import big_book

SIZES = {"10⁴": 10_000, "10⁵": 100_000, "10⁶": 1_000_000}
SMALL, LARGE = "10⁴", "10⁶"
FIGURES = ("submit p99", "read p99", "claim p99")
CONNECTIONS = 8
SLICES = 4
SLICE_SECONDS = 2
CLAIMS = 250

Samples = dict[tuple[str, str], list[float]]


def book(stand: Stand, events: int, *, people: int = 0) -> str:
    """A log of *events* that is folded and settled, with *people* who can log in; the same in the whole run."""

    def fill(dsn: str) -> None:
        asyncio.run(big_book.fill(dsn, events))
        if people:
            stand.register(dsn, people)

    return stand.kept(f"a log of {events:,} events", fill)


def measure(stand: Stand) -> Round:
    seeded = {size: book(stand, events, people=CONNECTIONS) for size, events in SIZES.items()}
    dsns = {size: stand.copy(dsn) for size, dsn in seeded.items()}
    samples: Samples = defaultdict(list)
    try:
        for dsn in dsns.values():
            uvloop.run(fill_queue(dsn, SLICES * CLAIMS + 100))
        with ExitStack() as stack:
            plans = {}
            for size, dsn in dsns.items():
                port = free_port()
                stack.enter_context(stand.processes(dsn, "api", "projector", port=port))
                tokens = stand.tokens(dsn, port, CONNECTIONS)
                plans[size] = {**submit_plan(port, tokens, connections=CONNECTIONS, seconds=SLICE_SECONDS), "keep_samples": True}
                load({**plans[size], "seconds": 1})
            for number in range(SLICES):
                one_slice(samples, dsns, plans, first=number)
    finally:
        for dsn in dsns.values():
            stand.drop(dsn)
    return {f"{name} at {size}": quantile(sorted(samples[name, size]), 0.99) for name in FIGURES for size in SIZES}


def one_slice(samples: Samples, dsns: dict[str, str], plans: dict[str, dict], *, first: int) -> None:
    """Some of everything at every size; another size begins each time."""
    order = [list(SIZES)[(first + step) % len(SIZES)] for step in range(len(SIZES))]
    for size in order:
        samples["submit p99", size] += milliseconds(expect_accepted(load(plans[size])))
    for size in order:
        caught_up(dsns[size], until=time.monotonic() + SECONDS_MAX)
        read = load({**plans[size], "method": "GET", "path": "/v1/generations?limit=20", "body": None})
        if set(read["statuses"]) != {"200"}:
            raise RuntimeError(f"not every read was answered: {read['statuses']}")
        samples["read p99", size] += milliseconds(read)
    for size in order:
        samples["claim p99", size] += uvloop.run(claim_times(dsns[size], CLAIMS))


def milliseconds(seen: dict) -> list[float]:
    return [taken for _, taken in seen["samples"]]


async def claim_times(dsn: str, claims: int) -> list[float]:
    """Milliseconds of each of *claims* claims of one generation, committed, one after the other."""
    pool = Pool(dsn, size=1, name="bench")
    await pool.open()
    taken = []
    try:
        port, owner = PostgresClaims(pool), uuid.uuid4()
        await port.claim(owner, ["image"], 1)
        for _ in range(claims):
            began = time.perf_counter()
            claimed = await port.claim(owner, ["image"], 1)
            taken.append((time.perf_counter() - began) * 1000)
            if len(claimed) != 1:
                raise RuntimeError("a claim found nothing although the queue is full")
    finally:
        await pool.close()
    return taken


ROW = Row(
    key="growth",
    name="growth of the log, 10⁴ → 10⁶ events",
    beside="three times api and projector, PostgreSQL, Redis, load generator (8 connections)",
    measure=measure,
    floors=[Floor(f"{name} at {LARGE}", 1.5, least=False, per=f"{name} at {SMALL}") for name in FIGURES],
    units={f"{name} at {size}": "ms" for name in FIGURES for size in SIZES},
    rounds_most=3,
)
