"""`docs/chaos-runs.md`: what the last `make chaos` over all faults was, and what came of it. Written by that command."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.faults.fault import Fault, Form, Report
from tests.faults.table import TITLES, rows
from tests.support import long_runs

PAGE = Path(__file__).parents[2] / "docs" / "chaos-runs.md"
HEAD = """# The last run of all faults

`make chaos ARGS="--seed n"` repeats it: which process dies, and when, follows from the seed. This page is written by that command when
it runs every fault. There is load on the real processes, one thing breaks, and at rest the log is asked by SQL: everything accepted has one
end, one hold and at most one charge, and nothing is held any more. `again`: attempts beyond the first, which is what a fault may cost.

| | |
|---|---|
"""


def machine() -> str:
    """Cores and memory of this one."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores, {memory / 2**30:.0f} GiB, Python {platform.python_version()}"


def page(
    faults: Sequence[Fault], reports: Sequence[Report], complaints: Sequence[str], left_out: Mapping[str, str], facts: Mapping[str, str]
) -> str:
    """Markdown: where and when, a row a fault with its bound, what was noted, and what did not hold."""
    known = {fault.key: fault for fault in faults}
    within = {key: "–" if fault.heals_within is None else f"{fault.heals_within:g}" for key, fault in known.items()}
    titles = ["fault", *TITLES, "allowed s"]
    lines = [_row(titles), _row(["---"] * len(titles))]
    lines += [_row([f"`{key}`", *cells, within[key]]) for key, cells in rows(reports)]
    lines += ["", "## What each of them is", ""]
    for key in dict.fromkeys(report.fault for report in reports):
        notes = [note for report in reports if report.fault == key for note in report.notes]
        lines += [" ".join([f"- `{key}`:", known[key].breaks, *(f"*{note}.*" for note in notes)])]
    if left_out:
        lines += ["", "## Left out", "", *(f"- `{key}`: {reason}" for key, reason in left_out.items())]
    lines += ["", "## What did not hold", "", *([f"- {complaint}" for complaint in complaints] or ["Nothing."])]
    return HEAD + "".join(_row([name, value]) + "\n" for name, value in facts.items()) + "\n" + "\n".join(lines) + "\n"


def facts_of(*, seed: int, form: Form, seconds: float) -> dict[str, str]:
    """Where, when and on what it ran."""
    found = long_runs.facts(seconds)
    return {**found, "seed": str(seed), "form": form.value, "machine": machine()}


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
