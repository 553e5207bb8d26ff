"""From the HTTP submit to the settled generation in the read model, with a provider that does nothing; beside four job queues."""

import time

import psycopg

from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.submit import CONNECTIONS, expect_accepted, submit_plan
from tests.bench.stand import Stand, accounts, free_port, load

GENERATIONS = 4_000
SECONDS_MAX = 60

# Work rows go with the final event, so an empty table means that all is settled.
OPEN = "SELECT count(*) FROM dispatch.work"
# How far behind the slowest read model is.
BEHIND = "SELECT (SELECT max(position) FROM journal.events) - min(position) FROM read.models WHERE state = 'live'"
UNSETTLED = "SELECT count(*) FROM journal.events WHERE topic = 'generations.succeeded'"


def ours(stand: Stand) -> float:
    dsn, port = stand.database(), free_port()
    try:
        with stand.processes(dsn, "api", "worker --concurrency 64", "dispatcher", "projector", port=port):
            tokens = accounts(port, CONNECTIONS, dsn, credits=1_000_000)
            warm_up = {**submit_plan(port, tokens), "requests": 200}
            expect_accepted(load(warm_up))
            settle(dsn, 200)
            began = time.perf_counter()
            expect_accepted(load({**submit_plan(port, tokens, seconds=SECONDS_MAX), "requests": GENERATIONS}))
            settle(dsn, 200 + GENERATIONS)
            return GENERATIONS / (time.perf_counter() - began)
    finally:
        stand.drop(dsn)


def settle(dsn: str, succeeded: int) -> None:
    """Wait until every generation is final and every read model has seen it.   Raises RuntimeError when one did not succeed."""
    until = time.monotonic() + SECONDS_MAX
    with psycopg.connect(dsn, autocommit=True) as connection:
        while single(connection, OPEN) or single(connection, BEHIND):
            if time.monotonic() > until:
                raise RuntimeError(f"{single(connection, OPEN)} generations were open after {SECONDS_MAX} s")
            time.sleep(0.01)
        found = single(connection, UNSETTLED)
    if found != succeeded:
        raise RuntimeError(f"{found} generations succeeded, not {succeeded}")


def single(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0] or 0)


def of_peer(stand: Stand, program: str, jobs: int, *words: str) -> float:
    dsn = stand.empty_database()
    try:
        return float(stand.peer(program, *(word.replace("DSN", dsn) for word in words), str(jobs))["per_second"])
    finally:
        stand.drop(dsn)


def measure(stand: Stand) -> Round:
    redis = stand.engines.redis_url
    return {
        "ours": ours(stand),
        "Dramatiq (not durable)": of_peer(stand, "dramatiq_noop.py", 3_000, "rate", redis),
        "Celery (not durable)": of_peer(stand, "celery_noop.py", 2_000, redis),
        "Procrastinate": of_peer(stand, "procrastinate_noop.py", 800, "DSN"),
        "DBOS": of_peer(stand, "dbos_noop.py", 400, "DSN"),
    }


ROW = Row(
    name="end to end: submit → worker → settled → read model",
    beside="api, worker (64 slots), dispatcher, projector, PostgreSQL, Redis, load generator",
    measure=measure,
    floors=[Floor("ours", 600)],
)
