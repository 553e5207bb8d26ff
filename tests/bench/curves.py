"""Sweeps for the plots: a few seconds at each point, once. The floors are the rows' business."""

import time
import traceback
from collections.abc import Callable
from typing import Any

import uvloop

from infra.journal.meters import Meters
from tests.bench.load import quantile
from tests.bench.rows.append import commands_per_second
from tests.bench.rows.submit import expect_accepted, submit_plan
from tests.bench.stand import Stand, free_port, load

CLIENTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
#: Submits a second that are offered, as shares of what 64 connections reach when each asks again at once.
SHARES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1.0)
CONNECTIONS = (1, 2, 4, 8, 16, 32, 64, 128)
SECONDS = 3
COMMANDS_A_POINT = 6_000

Point = dict[str, float]


def swept(stand: Stand) -> dict[str, Any]:
    """Each curve as a list of points. One that cannot be measured is told, and has none."""
    return {curve.__name__: _told(curve, stand) for curve in (append, latency, hot_account)}


def _told(curve: Callable[[Stand], list[Point]], stand: Stand) -> list[Point]:
    began = time.monotonic()
    try:
        points = curve(stand)
    except Exception:  # noqa: BLE001
        # It must not take the rows with it, which have been measured by then.
        traceback.print_exc()
        points = []
    print(f"curve {curve.__name__}: {len(points)} points   [{time.monotonic() - began:.0f} s]", flush=True)
    return points


def append(stand: Stand) -> list[Point]:
    """The journal with more and more clients: commands a second, and how many share a commit."""
    points = []
    for clients in CLIENTS:
        dsn = stand.database()
        batches: list[float] = []
        try:
            commands = max(clients, min(COMMANDS_A_POINT, 1_000 * clients) // clients * clients)
            rate = uvloop.run(commands_per_second(dsn, clients=clients, commands=commands, meters=Meters(batch_commands=batches.append)))
        finally:
            stand.drop(dsn)
        points.append({"clients": clients, "per_second": rate, "per_commit": sum(batches) / len(batches)})
    return points


def latency(stand: Stand) -> list[Point]:
    """One API process at more and more submits a second, due at even times whatever the answers do."""
    dsn, port = stand.house(), free_port()
    points = []
    try:
        with stand.processes(dsn, "api", port=port):
            tokens = stand.tokens(dsn, port, 64)
            load(submit_plan(port, tokens, seconds=1))
            most = expect_accepted(load(submit_plan(port, tokens, seconds=SECONDS)))["rate"]
            for share in SHARES:
                seen = expect_accepted(load({**submit_plan(port, tokens, seconds=SECONDS), "rate": share * most, "keep_samples": True}))
                taken = sorted(milliseconds for _, milliseconds in seen["samples"])
                points.append({"offered": share * most, "p50_ms": quantile(taken, 0.5), "p99_ms": quantile(taken, 0.99)})
    finally:
        stand.drop(dsn)
    return points


def hot_account(stand: Stand) -> list[Point]:
    """One account, asked by more and more connections; another one at each point, so that none has old holds."""
    dsn, port = stand.house(), free_port()
    points = []
    try:
        with stand.processes(dsn, "api", port=port):
            tokens = stand.tokens(dsn, port, len(CONNECTIONS) + 1)
            load(submit_plan(port, tokens[-1:], seconds=1))
            for connections, token in zip(CONNECTIONS, tokens, strict=False):
                seen = expect_accepted(load(submit_plan(port, [token], connections=connections, seconds=SECONDS)))
                points.append({"connections": connections, "per_second": seen["rate"], "p50_ms": seen["p50_ms"], "p99_ms": seen["p99_ms"]})
    finally:
        stand.drop(dsn)
    return points
