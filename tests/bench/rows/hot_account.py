"""All connections on one account: by one API process, and by two that share the account. Nothing may be overspent."""

import psycopg

from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.submit import CONNECTIONS, expect_accepted, submit_plan
from tests.bench.stand import Stand, free_port, load, loads

# Holds by account against what was granted: the ledger's own columns.
OVERSPENT = "SELECT count(*) FROM (SELECT account_id, sum(available) AS left FROM journal.events GROUP BY 1) AS sums WHERE sums.left < 0"


def overspent(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(OVERSPENT).fetchone()
        assert row is not None
        return int(row[0])


def with_one(stand: Stand) -> Round:
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api", port=port):
            token = stand.tokens(dsn, port, 1)
            load(submit_plan(port, token, seconds=1))
            seen = expect_accepted(load(submit_plan(port, token)))
            lost = overspent(dsn)
    finally:
        stand.drop(dsn)
    return {"submits": seen["rate"], "p99": seen["p99_ms"], "overspent": lost}


def with_two(stand: Stand) -> Round:
    dsn, first, second = stand.house(), free_port(), free_port()
    try:
        with stand.processes(dsn, "api", port=first), stand.processes(dsn, "api", port=second):
            token = stand.tokens(dsn, first, 1)
            half = CONNECTIONS // 2
            loads([submit_plan(port, token, connections=half, seconds=1) for port in (first, second)])
            seen = loads([submit_plan(port, token, connections=half) for port in (first, second)])
            rates = [expect_accepted(one)["rate"] for one in seen]
            lost = overspent(dsn)
    finally:
        stand.drop(dsn)
    return {
        "submits": sum(rates),
        "smaller share": 100 * min(rates) / sum(rates),
        "p99": max(one["p99_ms"] for one in seen),
        "overspent": lost,
    }


ONE_API = Row(
    key="hot",
    name="submits on one account, 64 connections, one API process",
    beside="PostgreSQL, Redis, load generator",
    measure=with_one,
    floors=[Floor("submits", 1_000), Floor("overspent", 0, least=False)],
    units={"p99": "ms", "overspent": "accounts"},
)
TWO_APIS = Row(
    key="hot-two",
    name="submits on one account, 2 × 32 connections, two API processes",
    beside="PostgreSQL, Redis, two load generators",
    measure=with_two,
    floors=[Floor("submits", 1_000), Floor("smaller share", 40), Floor("p99", 50, least=False), Floor("overspent", 0, least=False)],
    units={"p99": "ms", "overspent": "accounts", "smaller share": "%"},
)
