"""`make chaos`: load on the real processes while one thing breaks, again and again; then the book must be right.

usage: python -m tests.faults.chaos [--long] [--faults redis-flushed,worker-killed,...] [--seed N]
"""

import argparse
import asyncio
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import httpx
import psycopg

from daybook.engines import embedded
from tests.faults.audit import audit
from tests.faults.fault import Fault, Form, Report
from tests.faults.page import PAGE, facts_of, page
from tests.faults.scenarios import FAULTS
from tests.faults.stack import Stack, stack
from tests.faults.table import table
from tests.support.taking_along import take_all_along

ROUNDS_LONG = 5
LOGS = Path(".reports/chaos")


def chance_of(seed: int, fault: Fault, number: int) -> Random:
    """A fault's own, so that it does alone what it does among others."""
    return Random(f"{seed} {fault.key} {number}")


def run_one(running: Stack, fault: Fault, chance: Random, form: Form) -> Report:
    """What came of it; what could not even be brought about is wrong, too."""
    try:
        return asyncio.run(fault.run(running, chance, form))
    except (AssertionError, OSError, httpx.HTTPError, psycopg.Error, subprocess.SubprocessError) as failure:
        # The other faults are still to come.
        wrong = f"it came to no report: {type(failure).__name__} {failure}"
        return Report(fault=fault.key, expected=0, accepted=0, succeeded=0, wrong=(wrong,))


def break_all(running: Stack, faults: Sequence[Fault], *, seed: int, form: Form) -> tuple[list[Report], list[str]]:
    """Every one of *faults* once, or ROUNDS_LONG times; their reports, and all that is wrong."""
    reports: list[Report] = []
    complaints: list[str] = []
    for number in range(ROUNDS_LONG if form is Form.LONG else 1):
        for fault in faults:
            report = run_one(running, fault, chance_of(seed, fault, number), form)
            reports.append(report)
            found = [f"{fault.key}: {complaint}" for complaint in fault.complaints(report)]
            complaints += found
            print("\n".join([*table([report]).splitlines()[bool(reports[1:]) :], *report.notes, *found]), flush=True)
    if complaint := audit(running):
        complaints.append(complaint)
    return reports, complaints


def keep_logs(folder: Path) -> None:
    """What the processes said, for whoever looks into a complaint."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    for log in folder.rglob("*.log"):
        shutil.copy(log, LOGS / "-".join(log.relative_to(folder).parts))
    print(f"the logs are in {LOGS}")


def chosen(words: str | None) -> tuple[list[Fault], dict[str, str]]:
    """The faults of a comma-separated list, in its order, or all; and those this machine cannot do, with the reason.   Raises KeyError."""
    known = {fault.key: fault for fault in FAULTS}
    wanted = [known[word] for word in words.split(",")] if words else list(FAULTS)
    left_out = {fault.key: reason for fault in wanted if (reason := fault.lacks())}
    return [fault for fault in wanted if fault.key not in left_out], left_out


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--long", action="store_true", help=f"{ROUNDS_LONG} rounds of every fault")
    parser.add_argument("--faults", help=f"some of {', '.join(fault.key for fault in FAULTS)}; in this order")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="fixes moments and victims; without it, by chance")
    options = parser.parse_args()
    form, began = Form.LONG if options.long else Form.WHOLE, time.monotonic()
    try:
        faults, left_out = chosen(options.faults)
    except KeyError as unknown:
        parser.error(f"there is no fault {unknown}")
    take_all_along()
    print("\n".join([f"seed {options.seed}", *(f"{key} is left out: {reason}" for key, reason in left_out.items())]), flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="daybook-chaos-") as folder,
        embedded(Path(folder) / "engines") as engines,
        stack(Path(folder), engines=engines) as running,
    ):
        reports, complaints = break_all(running, faults, seed=options.seed, form=form)
        if complaints:
            keep_logs(Path(folder))
    print("\n" + table(reports))
    print("\n".join(complaints) or "audit verify: ok")
    if not options.faults:
        facts = facts_of(seed=options.seed, form=form, seconds=time.monotonic() - began)
        PAGE.write_text(page(FAULTS, reports, complaints, left_out, facts))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
