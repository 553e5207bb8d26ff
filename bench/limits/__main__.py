"""Beside what a generation costs: programs that do one step of it and nothing else.

PostgreSQL: one that leaves the same rows. The API: one that accepts the same requests. Each is measured by the CPU that it uses, in
turns with ours. A thread of a core that is busy on its other side takes longer for the same work, and while generations go through both are
busy; so a neighbour computes beside the program that has no company.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psycopg

from bench.limits.api import compare
from bench.limits.postgresql import STEPS as STEPS_TAKEN
from bench.limits.postgresql import Left, left, one, write
from daybook.engines import embedded
from tests.bench.cpu import cpu_seconds, family, used_by
from tests.bench.rows.end_to_end import settle
from tests.bench.rows.submit import CONNECTIONS, expect_accepted, submit_plan
from tests.bench.stand import Stand, free_port, load
from tests.support.taking_along import take_all_along

GENERATIONS, WARM_UP = 4_000, 400
SECONDS_MAX = 60
#: PostgreSQL tells its statistics once a second.
TOLD_SECONDS = 1.1
HEAD = "SELECT max(position) FROM journal.events"
CONNECTIONS_OF = "SELECT pid, coalesce(nullif(application_name, ''), backend_type) FROM pg_stat_activity"
NEIGHBOUR = "while True: sum(range(1000))"


class Ours(NamedTuple):
    """CPU µs of a generation, in all and by connection; and what the run has written."""

    total: float
    by_connection: dict[str, float]
    left: Left


def main() -> int:
    parser = argparse.ArgumentParser(prog="make limits", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of both (5)")
    parser.add_argument("--only", choices=("postgresql", "api"), help="one of them (both)")
    options = parser.parse_args()
    take_all_along()
    with tempfile.TemporaryDirectory(prefix="daybook-limits-") as folder, embedded(Path(folder) / "data") as engines:
        stand = Stand(Path(folder), engines, Path("no peers here"))
        if options.only != "api":
            _of_postgresql(stand, options.rounds)
        if options.only != "postgresql":
            compare(stand, options.rounds)
    return 0


def _of_postgresql(stand: Stand, rounds: int) -> None:
    found: list[tuple[Ours, float]] = []
    for number in range(1, rounds + 1):
        ours = _ours(stand)
        found.append((ours, limit := _limit(stand, ours.left)))
        print(f"{number}. ours {ours.total:.0f} µs a generation, the same rows {limit:.0f} µs, ratio {ours.total / limit:.2f}", flush=True)
    _tell(found)


def _tell(found: list[tuple[Ours, float]]) -> None:
    names = {name: median(ours.by_connection[name] for ours, _ in found) for name in found[0][0].by_connection}
    rows = [(name, value) for name, value in sorted(names.items(), key=lambda row: -row[1]) if value >= 1]
    rows += [("all", median(ours.total for ours, _ in found)), ("the same rows alone", median(limit for _, limit in found))]
    print(f"\nPostgreSQL, CPU µs of a generation (median of {len(found)} rounds):")
    for name, value in rows:
        print(f"  {name:<28}{value:>6.0f}")
    ratios = [ours.total / limit for ours, limit in found]
    print(f"ratio {median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f})")


def _ours(stand: Stand) -> Ours:
    """The row "end to end"."""
    server = stand.engine_pids()["PostgreSQL"]
    dsn, port = stand.house(), free_port()
    try:
        with stand.processes(dsn, "api", "worker --concurrency 64", "dispatcher", "projector", port=port), _connected(dsn) as connection:
            tokens = stand.tokens(dsn, port, CONNECTIONS)
            expect_accepted(load({**submit_plan(port, tokens), "requests": WARM_UP}))
            settle(dsn, WARM_UP)
            time.sleep(TOLD_SECONDS)
            after, steps = one(connection, HEAD), one(connection, STEPS_TAKEN)
            before, all_before = _by_process(server), used_by({"all": server})["all"]
            expect_accepted(load({**submit_plan(port, tokens, seconds=SECONDS_MAX), "requests": GENERATIONS}))
            settle(dsn, WARM_UP + GENERATIONS)
            names: dict[int, str] = dict(connection.execute(CONNECTIONS_OF).fetchall())
            by_connection: defaultdict[str, float] = defaultdict(float)
            for pid, seconds in _by_process(server).items():
                by_connection[names.get(pid, "others")] += (seconds - before.get(pid, 0.0)) / GENERATIONS * 1e6
            total = (used_by({"all": server})["all"] - all_before) / GENERATIONS * 1e6
            time.sleep(TOLD_SECONDS)
            return Ours(total, by_connection, left(connection, after=after, steps=one(connection, STEPS_TAKEN) - steps))
    finally:
        stand.drop(dsn)


def _limit(stand: Stand, found: Left) -> float:
    """CPU µs of a generation for writing *found* and nothing else."""
    server = {"all": stand.engine_pids()["PostgreSQL"]}
    dsn = stand.house()
    try:
        with _connected(dsn) as connection, _neighbour():
            before = used_by(server)["all"]
            write(connection, found)
            return (used_by(server)["all"] - before) / found.generations * 1e6
    finally:
        stand.drop(dsn)


def _connected(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn, autocommit=True, application_name="limits")


def _by_process(server: int) -> dict[int, float]:
    return {pid: cpu_seconds(pid) for pid in family(server)}


@contextmanager
def _neighbour() -> Iterator[None]:
    """A process that computes for as long as the block lasts."""
    process = subprocess.Popen([sys.executable, "-c", NEIGHBOUR])
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
