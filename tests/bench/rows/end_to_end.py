"""From the HTTP submit to the settled generation in the read model, with a provider that does nothing; beside four job queues."""

import time
from collections import Counter

import psycopg

from tests.bench.cpu import used_by
from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.submit import CONNECTIONS, expect_accepted, submit_plan
from tests.bench.stand import Stand, free_port, load

GENERATIONS = 4_000
WARM_UP = 400
SECONDS_MAX = 60

# Work rows go with the final event, so an empty table means that all is settled.
OPEN = "SELECT count(*) FROM dispatch.work"
# How far behind the slowest read model is.
BEHIND = "SELECT (SELECT max(position) FROM journal.events) - min(position) FROM read.models WHERE state = 'live'"
SUCCEEDED = "SELECT count(*) FROM journal.events WHERE topic = 'generations.succeeded'"


def ours(stand: Stand) -> Round:
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api", "worker --concurrency 64", "dispatcher", "projector", port=port) as pids:
            tokens = stand.tokens(dsn, port, CONNECTIONS)
            expect_accepted(load({**submit_plan(port, tokens), "requests": WARM_UP}))
            settle(dsn, WARM_UP)
            roles = {role.split()[0]: pid for role, pid in pids.items()} | stand.engine_pids()
            before, began = used_by(roles), time.perf_counter()
            seen = expect_accepted(load({**submit_plan(port, tokens, seconds=SECONDS_MAX), "requests": GENERATIONS}))
            settle(dsn, WARM_UP + GENERATIONS)
            elapsed, used = time.perf_counter() - began, used_by(roles)
    finally:
        stand.drop(dsn)
    used.subtract(before)
    used["load generator"] = seen["cpu_seconds"]
    return {"ours": GENERATIONS / elapsed, **by_generation(used)}


def by_generation(used: Counter[str]) -> Round:
    """Microseconds of CPU that one generation takes of each process."""
    return {f"CPU {role}": seconds / GENERATIONS * 1e6 for role, seconds in used.items()}


def settle(dsn: str, succeeded: int) -> None:
    """Wait until every generation is final and every read model has seen it.   Raises RuntimeError when one did not succeed."""
    until = time.monotonic() + SECONDS_MAX
    with psycopg.connect(dsn, autocommit=True) as connection:
        while left := single(connection, OPEN):
            if time.monotonic() > until:
                raise RuntimeError(f"{left} generations were open after {SECONDS_MAX} s")
            time.sleep(0.01)
        caught_up(dsn, until=until)
        found = single(connection, SUCCEEDED)
    if found != succeeded:
        raise RuntimeError(f"{found} generations succeeded, not {succeeded}")


def caught_up(dsn: str, *, until: float) -> None:
    """Wait until every read model has seen the head of the log.   Raises RuntimeError after *until*, on the monotonic clock."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        while behind := single(connection, BEHIND):
            if time.monotonic() > until:
                raise RuntimeError(f"the read models were {behind} events behind")
            time.sleep(0.01)


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
        **ours(stand),
        "Dramatiq (not durable)": of_peer(stand, "dramatiq_noop.py", 3_000, "rate", redis),
        "Celery (not durable)": of_peer(stand, "celery_noop.py", 2_000, redis),
        "Procrastinate": of_peer(stand, "procrastinate_noop.py", 800, "DSN"),
        "DBOS": of_peer(stand, "dbos_noop.py", 400, "DSN"),
    }


ROW = Row(
    key="end-to-end",
    name="end to end: submit → worker → settled → read model",
    beside="api, worker (64 slots), dispatcher, projector, PostgreSQL, Redis, load generator",
    measure=measure,
    floors=[Floor("ours", 600)],
)
