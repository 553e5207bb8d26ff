"""All read models folded from position 1, against the stock ProjectionRunner with one small view."""

import time

import uvloop

from projections.kernel.projector import Projector
from projections.read_models import READ_MODELS
from tests.bench.books import fill
from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand

EVENTS = 60_000
STOCK_EVENTS = 2_000


async def catch_up(dsn: str) -> float:
    projector = Projector(dsn, list(READ_MODELS.values()))
    await projector.prepare()
    began = time.perf_counter()
    taken = await projector.catch_up()
    return taken / (time.perf_counter() - began)


def measure(stand: Stand) -> Round:
    seeded = stand.kept("a log that nobody has folded", lambda dsn: uvloop.run(fill(dsn, EVENTS)))
    ours, stock = stand.copy(seeded), stand.empty_database()
    try:
        return {
            "ours (all read models)": uvloop.run(catch_up(ours)),
            "stock ProjectionRunner (one view)": stand.peer("stock_eventsourcing.py", "project", stock, str(STOCK_EVENTS))["per_second"],
        }
    finally:
        stand.drop(ours)
        stand.drop(stock)


ROW = Row(
    key="projection",
    name="projection: catch-up from position 1",
    beside="PostgreSQL",
    measure=measure,
    floors=[
        Floor("ours (all read models)", 15_000),
        Floor("ours (all read models)", 10, per="stock ProjectionRunner (one view)"),
    ],
    units={"ours (all read models)": "events/s", "stock ProjectionRunner (one view)": "events/s"},
)
