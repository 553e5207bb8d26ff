"""Durable submits over HTTP: token, validation, limits off, idempotency, hold and request in one commit."""

from tests.bench.measure import Floor, Round, Row
from tests.bench.stand import Stand, accounts, free_port, load

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
    if set(result["statuses"]) != {"202"}:
        raise RuntimeError(f"not every submit was accepted: {result['statuses']}")
    return result


def measure(stand: Stand) -> Round:
    dsn, port = stand.database(), free_port()
    try:
        with stand.processes(dsn, "api", port=port):
            tokens = accounts(port, CONNECTIONS, dsn, credits=10_000_000)
            load(submit_plan(port, tokens, seconds=1))
            seen = expect_accepted(load(submit_plan(port, tokens)))
    finally:
        stand.drop(dsn)
    return {"submits": seen["rate"], "p50": seen["p50_ms"], "p99": seen["p99_ms"]}


ROW = Row(
    name="submit over HTTP, 64 connections, 64 accounts",
    beside="PostgreSQL, Redis, load generator",
    measure=measure,
    floors=[Floor("submits", 2_500), Floor("p99", 50, least=False)],
    units={"p50": "ms", "p99": "ms"},
)
