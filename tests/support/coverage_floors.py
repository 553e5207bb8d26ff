"""Fails when too few branches were taken: `python -m tests.support.coverage_floors coverage.json`, from `coverage json`."""

import json
import sys
from pathlib import Path

#: Share of branches that the tests must take, in per cent.
FLOORS = {"domain/": 90, "": 80}


def share(files: dict, prefix: str) -> float:
    """Per cent of the branches taken in the files whose path begins with *prefix*; 100 when there are none."""
    summaries = [file["summary"] for path, file in files.items() if path.startswith(prefix)]
    branches = sum(summary["num_branches"] for summary in summaries)
    return 100 * sum(summary["covered_branches"] for summary in summaries) / branches if branches else 100.0


def main(report: Path) -> int:
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    below = 0
    for prefix, floor in FLOORS.items():
        reached = share(files, prefix)
        print(f"branches in {prefix or 'the whole house'}: {reached:.1f} % (at least {floor} %)")
        below += reached < floor
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
