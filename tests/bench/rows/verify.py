"""`daybook audit verify` over a long log, its process pinned to one core."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bench.measure import Floor, Round, Row
from tests.bench.rows.growth import book
from tests.bench.stand import Stand

EVENTS = 202_000
EVENTS_LEAST = 200_000
SECONDS_MAX = 300


def measure(stand: Stand) -> Round:
    """By the command's own clock: from the first event to the report, without the start of Python."""
    dsn = book(stand, EVENTS)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("daybook")), "audit", "verify", "--format", "json"],
        env=stand.environment(dsn, 8000),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        preexec_fn=on_one_core,
    )
    if done.returncode:
        raise RuntimeError(f"audit verify ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-600:]}")
    report = json.loads(done.stdout)
    if not report["ok"] or report["events"] < EVENTS_LEAST:
        raise RuntimeError(f"audit verify saw {report['events']} events, and ok is {report['ok']}")
    return {"ours": report["events"] / report["duration_seconds"]}


def on_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):  # not on macOS
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


ROW = Row(
    key="verify",
    name="audit verify of 200,000 events, on one core",
    beside="PostgreSQL",
    measure=measure,
    floors=[Floor("ours", 25_000)],
    units={"ours": "events/s"},
)
