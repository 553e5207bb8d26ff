"""The same small load on a log of 10⁴ and of 10⁵ events: what a submit, a read and a claim take at their 99th percentile."""

import time
import uuid

import psycopg
import uvloop

from projections.kernel.projector import Projector
from projections.read_models import READ_MODELS
from tests.bench.books import fill, fill_queue
from tests.bench.load import quantile
from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.submit import submit_plan
from tests.bench.stand import Stand, accounts, free_port, load

SMALL, LARGE = 10_000, 100_000
CLAIMS = 400

# What a worker sends: one claim, committed at once.
CLAIM = "SELECT count(*) FROM dispatch.claim_v1(%(owner)s, 'image', 1, interval '30 seconds')"
TIDY = "VACUUM ANALYZE"


def measure(stand: Stand) -> Round:
    dsn = stand.database()
    try:
        uvloop.run(fill(dsn, SMALL))
        small = at_this_size(stand, dsn)
        uvloop.run(fill(dsn, LARGE - SMALL))
        large = at_this_size(stand, dsn)
    finally:
        stand.drop(dsn)
    figures: Round = {}
    for name in small:
        figures[f"{name} at 10⁴"], figures[f"{name} at 10⁵"] = small[name], large[name]
    return figures


def at_this_size(stand: Stand, dsn: str) -> Round:
    uvloop.run(caught_up(dsn))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(TIDY)
    uvloop.run(fill_queue(dsn, CLAIMS + 100))
    claims = claim_all(dsn)
    port = free_port()
    with stand.processes(dsn, "api", "projector", port=port):
        tokens = accounts(port, 8, dsn, credits=1_000_000)
        plan = submit_plan(port, tokens, connections=8, seconds=4)
        load({**plan, "seconds": 1})
        submits = load(plan)
        reads = load({**plan, "method": "GET", "path": "/v1/generations?limit=20", "body": None})
    return {"submit p99": submits["p99_ms"], "read p99": reads["p99_ms"], "claim p99": quantile(claims, 0.99)}


async def caught_up(dsn: str) -> None:
    projector = Projector(dsn, list(READ_MODELS.values()))
    await projector.prepare()
    await projector.catch_up()


def claim_all(dsn: str) -> list[float]:
    """Milliseconds of each of CLAIMS claims, sorted."""
    taken = []
    owner = uuid.uuid4()
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(CLAIMS):
            began = time.perf_counter()
            row = connection.execute(CLAIM, {"owner": owner}).fetchone()
            taken.append((time.perf_counter() - began) * 1000)
            if not row or row[0] != 1:
                raise RuntimeError("a claim found nothing although the queue is full")
    return sorted(taken)


ROW = Row(
    name="growth of the log, 10⁴ → 10⁵ events",
    beside="api, projector, PostgreSQL, Redis, load generator (8 connections)",
    measure=measure,
    floors=[Floor(f"{name} at 10⁵", 1.5, least=False, per=f"{name} at 10⁴") for name in ("submit p99", "read p99", "claim p99")],
    units={f"{name} at {size}": "ms" for name in ("submit p99", "read p99", "claim p99") for size in ("10⁴", "10⁵")},
)
