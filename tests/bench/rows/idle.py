"""One generation at a time on an idle installation: from the submit to the answer that it succeeded."""

from statistics import median

from tests.bench.load import quantile
from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.submit import submit_plan
from tests.bench.stand import Stand, free_port, load

GENERATIONS = 150


def measure(stand: Stand) -> Round:
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api", "worker", "dispatcher", "projector", port=port):
            tokens = stand.tokens(dsn, port, 1)
            plan = {**submit_plan(port, tokens, connections=1, seconds=60), "headers": {"Prefer": "wait=20"}, "pause_ms": 30}
            load({**plan, "requests": 10})
            seen = load({**plan, "requests": GENERATIONS})
    finally:
        stand.drop(dsn)
    if set(seen["statuses"]) != {"201"}:
        raise RuntimeError(f"not every generation was final in time: {seen['statuses']}")
    dramatiq = sorted(stand.peer("dramatiq_noop.py", "idle", stand.engines.redis_url, "60")["milliseconds"])
    return {"p50": seen["p50_ms"], "p99": seen["p99_ms"], "Dramatiq p50": median(dramatiq), "Dramatiq p99": quantile(dramatiq, 0.99)}


ROW = Row(
    key="idle",
    name="idle: submit → succeeded",
    beside="api, worker, dispatcher, projector, PostgreSQL, Redis",
    measure=measure,
    floors=[Floor("p50", 60, least=False), Floor("p99", 250, least=False)],
    units={"p50": "ms", "p99": "ms", "Dramatiq p50": "ms", "Dramatiq p99": "ms"},
)
