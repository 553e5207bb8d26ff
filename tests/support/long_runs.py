"""`docs/test-runs.md`: what the last run of the long forms was, and what came of it. Written by `make test-long`."""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.support.commit import commit

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "test-runs.md"
HEAD = """# The last run of the long forms

`make test-long SEED=n` repeats it: everything random in these tests follows from the seed. This page is written by that command.

| | |
|---|---|
"""


class Case(NamedTuple):
    name: str
    outcome: str
    seconds: float


def cases_of(report: Path) -> list[Case]:
    """The tests in a JUnit report, in its order."""
    found = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        outcome = next((name for name in ("failure", "error", "skipped") if case.find(name) is not None), "passed")
        name = f"{case.get('classname', '').removeprefix('tests.')}.{case.get('name')}"
        found.append(Case(name, "failed" if outcome in ("failure", "error") else outcome, float(case.get("time", 0))))
    return found


def page(cases: list[Case], facts: dict[str, str]) -> str:
    counts = {outcome: sum(case.outcome == outcome for case in cases) for outcome in ("passed", "failed", "skipped")}
    rows = {**facts, "counts": ", ".join(f"{count} {outcome}" for outcome, count in counts.items())}
    table = "".join(f"| {name} | {value} |\n" for name, value in rows.items())
    tests = "".join(f"| `{case.name}` | {case.outcome} | {case.seconds:.0f} |\n" for case in cases)
    return f"{HEAD}{table}\n| test | outcome | seconds |\n|---|---|---|\n{tests}"


def facts(seconds: float) -> dict[str, str]:
    """Where, when and on what it ran."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "seed": os.environ.get("SEED", "each test's own"),
        "duration": f"{seconds:.0f} s",
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="the JUnit report of the run")
    options = parser.parse_args()
    cases = cases_of(options.report)
    suites = ElementTree.parse(options.report).getroot().iter("testsuite")
    PAGE.write_text(page(cases, facts(sum(float(suite.get("time", 0)) for suite in suites))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
