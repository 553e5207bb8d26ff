"""`make bench`: run the rows, print the table, write bench/latest.json, and exit 1 below a floor.

usage: python -m tests.bench [--rounds N] [--rows NAME,NAME] [--no-write]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daybook.engines import embedded
from tests.bench.measure import Row, summary
from tests.bench.rows import ROWS
from tests.bench.stand import Stand
from tests.bench.table import LATEST, README, rendered, replaced

PEERS_ENVIRONMENT = Path(".venv-bench")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="Every figure beside its peers, on the same engines.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each row (5)")
    parser.add_argument("--rows", default="", help="only these rows, by name, separated by commas")
    parser.add_argument("--no-write", action="store_true", help="leave bench/latest.json and README.md as they are")
    options = parser.parse_args()
    wanted = [name for name in options.rows.split(",") if name]
    rows = [row for row in ROWS if not wanted or row.name in wanted]
    if not rows:
        parser.error(f"no such row; there are: {', '.join(row.name for row in ROWS)}")
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder, embedded(Path(folder) / "data") as engines:
        stand = Stand(Path(folder), engines, peers_python())
        results = [measured(row, stand, options.rounds) for row in rows]
    latest = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": said_by("git", "rev-parse", "--short", "HEAD"),
        "machine": f"{os.cpu_count()} cores, {memory_gib()} GiB, {platform.system()} {platform.machine()}, {said_by(sys.executable, '-V')}",
        "rounds": options.rounds,
        "rows": results,
    }
    print("\n" + rendered(latest))
    if not options.no_write and not wanted:
        LATEST.parent.mkdir(exist_ok=True)
        LATEST.write_text(json.dumps(latest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        README.write_text(replaced(README.read_text(encoding="utf-8"), rendered(latest)), encoding="utf-8")
    below = [f"{row['name']}: {floor['said']}" for row in results for floor in row["floors"] if not floor["holds"]]
    for line in below:
        print(f"below the floor: {line}", file=sys.stderr)
    return 1 if below else 0


def measured(row: Row, stand: Stand, rounds: int) -> dict[str, Any]:
    results = []
    for number in range(rounds):
        began = time.monotonic()
        results.append(row.measure(stand))
        said = ", ".join(f"{name} {value:,.1f}" for name, value in results[-1].items())
        print(f"{row.name} {number + 1}/{rounds}: {said}   [{time.monotonic() - began:.0f} s]", flush=True)
    return summary(row, results)


def peers_python() -> Path:
    """The peers' own environment, made once for each content of its lock."""
    python = PEERS_ENVIRONMENT.absolute() / "bin" / "python"
    stamp = PEERS_ENVIRONMENT / "lock.txt"
    lock = Path("requirements-bench.txt").read_text(encoding="utf-8")
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == lock):
        print("making the environment of the peers …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS_ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", "requirements-bench.txt"], check=True)
        stamp.write_text(lock, encoding="utf-8")
    return python


def said_by(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


if __name__ == "__main__":
    sys.exit(main())
