"""What one claim takes while 20,000 generations of one account wait in the queue."""

import uvloop

from tests.bench.books import fill_queue
from tests.bench.load import quantile
from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.growth import claim_times
from tests.bench.stand import Stand

QUEUED = 20_000
CLAIMS = 1_000


def measure(stand: Stand) -> Round:
    dsn = stand.database()
    try:
        # One more than are claimed and than are said to wait.
        uvloop.run(fill_queue(dsn, QUEUED + CLAIMS + 1))
        taken = sorted(uvloop.run(claim_times(dsn, CLAIMS)))
    finally:
        stand.drop(dsn)
    return {"claim p50": quantile(taken, 0.5), "claim p99": quantile(taken, 0.99)}


ROW = Row(
    key="queue",
    name="claim with 20,000 queued by one account",
    beside="PostgreSQL",
    measure=measure,
    floors=[Floor("claim p99", 2, least=False)],
    units={"claim p50": "ms", "claim p99": "ms"},
)
