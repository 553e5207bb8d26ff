"""Durable submits over HTTP: token, validation, rate limits, idempotency, hold and request in one commit.

The floor is that of the machine: two API processes behind one port, as many as it has cores. What one of them reaches stands beside it.
"""

import re
import time

import httpx

from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand, free_port, load, url

CONNECTIONS = 64
BODY = {"kind": "image", "model": "bench/noop", "prompt": "a lighthouse at dusk, long exposure", "params": {"size": "512x512"}}


def submit_plan(port: int, tokens: list[str], *, connections: int = CONNECTIONS, seconds: float = 6) -> dict:
    return {
        "port": port,
        "connections": connections,
        "seconds": seconds,
        "tokens": tokens,
        "method": "POST",
        "path": "/v1/generations",
        "body": BODY,
    }


def expect_accepted(result: dict) -> dict:
    """Raises RuntimeError unless every answer was 202: a rate of refusals is no rate."""
    if result["unsent"]:
        raise RuntimeError(f"{result['unsent']} submits were due and never sent: the installation was too slow for them")
    if set(result["statuses"]) != {"202"}:
        raise RuntimeError(f"not every submit was accepted: {result['statuses']}")
    return result


def measure(stand: Stand) -> Round:
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api", port=port):
            tokens = stand.tokens(dsn, port, CONNECTIONS)
            load(submit_plan(port, tokens, seconds=1))
            seen = expect_accepted(load(submit_plan(port, tokens)))
    finally:
        stand.drop(dsn)
    return {"submits": seen["rate"], "p50": seen["p50_ms"], "p99": seen["p99_ms"]}


def by_two(stand: Stand) -> Round:
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api --processes 2", port=port):
            wait_for_both(port)
            tokens = stand.tokens(dsn, port, CONNECTIONS)
            load(submit_plan(port, tokens, seconds=1))
            seen = expect_accepted(load(submit_plan(port, tokens)))
    finally:
        stand.drop(dsn)
    return {"submits": seen["rate"], "p50": seen["p50_ms"], "p99": seen["p99_ms"]}


def wait_for_both(port: int, seconds: float = 30) -> None:
    """The port answers as soon as one of them serves; connections that come before the other does stay with the first."""
    until = time.monotonic() + seconds
    while (answered := processes_of(port)) != {"api-1", "api-2"}:
        if time.monotonic() > until:
            raise RuntimeError(f"within {seconds} s only {sorted(answered)} answered")


def processes_of(port: int) -> set[str]:
    """Which processes answer somebody who comes twice at once: each has what it answered in the metrics."""
    with httpx.Client(base_url=url(port), trust_env=False) as first, httpx.Client(base_url=url(port), trust_env=False) as second:
        for client in (first, second):
            client.get("/health/live").raise_for_status()
        told = first.get("/metrics").raise_for_status().text
    return set(re.findall(r'daybook_requests_total\{process="([^"]+)",method="GET",route="/health/live"', told))


ROW = Row(
    key="submit",
    name="submit over HTTP, 64 connections, 64 accounts, one API process",
    beside="PostgreSQL, Redis, load generator",
    measure=measure,
    units={"p50": "ms", "p99": "ms"},
)
TWO_APIS = Row(
    key="submit-two",
    name="submit over HTTP, 64 connections, 64 accounts, two API processes behind one port",
    beside="PostgreSQL, Redis, load generator",
    measure=by_two,
    floors=[Floor("submits", 2_500), Floor("p99", 50, least=False)],
    units={"p50": "ms", "p99": "ms"},
)
