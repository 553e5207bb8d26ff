"""`make soak`: mixed load at a share of the measured capacity, each answer checked against the client's own book; 1 when a rule fails.

usage: python -m tests.soak [--minutes 60] [--seed N] [--share 0.5 | --rate R] [--no-write]
"""

import argparse
import asyncio
import gc
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from daybook.engines import embedded
from tests.faults.stack import DAYBOOK
from tests.soak.client import Client
from tests.soak.receiver import Receiver
from tests.soak.report import machine, written
from tests.soak.soak import Outcome, Plan, Soak
from tests.soak.town import Town, town
from tests.support.commit import commit
from tests.support.taking_along import take_all_along

VERIFY_SECONDS_MAX, NOTARY_SECONDS_MAX = 1_800.0, 120.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description="Mixed load for long, by a client that checks every answer.")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long the load is offered (60)")
    parser.add_argument("--seed", type=int, default=1, help="what happens, and when (1)")
    parser.add_argument("--share", type=float, default=0.5, help="of the measured capacity (0.5)")
    parser.add_argument(
        "--rate", type=float, default=0.0, help="operations a second instead of a share; the capacity is measured all the same"
    )
    parser.add_argument("--no-write", action="store_true", help="leave docs/soak.md as it is; .reports/soak.json is written")
    options = parser.parse_args()
    take_all_along()
    # What the client remembers is never garbage, and looking through all of it would stop the clock by which answers are measured.
    gc.disable()
    plan = Plan(minutes=options.minutes, seed=options.seed, share=options.share, rate=options.rate)
    with tempfile.TemporaryDirectory(prefix="daybook-soak-") as folder, embedded(Path(folder) / "engines") as engines:
        outcome, client = soaked(Path(folder), engines.database_url, engines.redis_url, plan)
    written(outcome, client, commit=commit(), machine=machine(), page=not options.no_write)
    for difference in outcome.differences[:50]:
        print(f"differs: {difference}")
    for name, count in outcome.counts.items():
        print(f"{name:<40}{count:>12,}")
    for verdict in outcome.verdicts:
        print(f"{'holds' if verdict.holds else 'FAILS'}  {verdict.what}: {verdict.reached}   ({verdict.rule})")
    return 0 if outcome.holds else 1


def soaked(folder: Path, database_url: str, redis_url: str, plan: Plan, *, long_enough: bool = True) -> tuple[Outcome, Client]:
    """The whole of it, on engines that run."""
    return uvloop.run(_soaked(folder, database_url, redis_url, plan, long_enough))


async def _soaked(folder: Path, database_url: str, redis_url: str, plan: Plan, long_enough: bool) -> tuple[Outcome, Client]:
    client = Client(0, seed=plan.seed)
    receiver = Receiver(client.book, random.Random(plan.seed))
    port = await receiver.start()
    with town(folder, database_url=database_url, redis_url=redis_url, receiver_port=port) as running:
        client.wire.port = running.port
        soak = Soak(running, receiver, client, plan, say=lambda text: print(text, flush=True))
        outcome = await soak.run()
        verified = await asyncio.to_thread(audit, running)
        soak.judge(verified, long_enough=long_enough)
        client.wire.close()
        receiver.stop()
    return outcome, client


def audit(running: Town) -> str:
    """'' when `daybook audit verify` finds nothing, else what it said. The notary may be a moment behind."""
    until = time.monotonic() + NOTARY_SECONDS_MAX
    while True:
        try:
            done = subprocess.run(
                [DAYBOOK, "audit", "verify"], env=running.environment(), capture_output=True, text=True, timeout=VERIFY_SECONDS_MAX
            )
        except subprocess.TimeoutExpired:
            return f"audit verify took more than {VERIFY_SECONDS_MAX:g} s"
        covered = "0 events not yet under a checkpoint" in map(str.strip, done.stdout.splitlines())
        if done.returncode == 0 and covered:
            return ""
        if done.returncode or time.monotonic() > until:
            return f"audit verify ended with {done.returncode}: {done.stdout}{done.stderr}"
        time.sleep(2)


if __name__ == "__main__":
    sys.exit(main())
