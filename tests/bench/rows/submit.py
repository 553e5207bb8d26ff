"""Durable submits over HTTP: token, validation, limits off, idempotency, hold and request in one commit."""

from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand, free_port, load, loads

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
    dsn, first, second = stand.house(), free_port(), free_port()
    try:
        with stand.processes(dsn, "api", port=first), stand.processes(dsn, "api", port=second):
            tokens = stand.tokens(dsn, first, CONNECTIONS)
            half = CONNECTIONS // 2
            shares = ((first, tokens[:half]), (second, tokens[half:]))
            loads([submit_plan(port, some, connections=half, seconds=1) for port, some in shares])
            seen = [expect_accepted(one) for one in loads([submit_plan(port, some, connections=half) for port, some in shares])]
    finally:
        stand.drop(dsn)
    return {"submits": sum(one["rate"] for one in seen), "p99": max(one["p99_ms"] for one in seen)}


ROW = Row(
    key="submit",
    name="submit over HTTP, 64 connections, 64 accounts",
    beside="PostgreSQL, Redis, load generator",
    measure=measure,
    floors=[Floor("submits", 2_500), Floor("p99", 50, least=False)],
    units={"p50": "ms", "p99": "ms"},
)
TWO_APIS = Row(
    key="submit-two",
    name="submit over HTTP, 2 × 32 connections, 64 accounts, two API processes",
    beside="PostgreSQL, Redis, two load generators",
    measure=by_two,
    units={"p99": "ms"},
)
