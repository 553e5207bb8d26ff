"""`make proof`: what the commands of the Makefile do in a fresh clone of HEAD, in a folder with a space in its path.

usage: python tests/support/fresh_clone.py [--keep] [--take] [demo] [test] ["bench --rounds 1"] [chaos]
Each step is `make STEP ARGS=…` with nothing of this checkout or of this shell: no environment, no settings, no figures of an earlier run.
What the steps said and wrote comes to .reports/fresh-clone/; exit code 1 when one failed or wrote nothing. With `--take` the figures,
documents and plots that they wrote also replace those of this checkout.

Runs on any Python 3.11 without packages, as a newcomer's shell has it.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / ".reports" / "fresh-clone"
#: What `make STEP` needs beside a shell: where programs are, a home for caches, and how packages are fetched here.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_RUNTIME_DIR", "SSL_CERT_FILE")
KEPT_FAMILIES = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
#: Step -> the files that it must write anew, and others that it may change.
WRITES: dict[str, tuple[str, ...]] = {
    "demo": (),
    "test": (".reports/junit.xml",),
    "bench": ("bench/latest.json", "bench/curves.json"),
    "chaos": ("docs/chaos-runs.md",),
}
ALSO: dict[str, tuple[str, ...]] = {"bench": ("README.md", "docs/performance.md", "docs/performance")}
HOURS_MOST = 3


class Outcome(NamedTuple):
    """`missing`: what the step should have written and did not."""

    step: str
    code: int
    seconds: float
    missing: list[str]

    @property
    def good(self) -> bool:
        return self.code == 0 and not self.missing

    def line(self) -> str:
        wrote = f"; not written: {', '.join(self.missing)}" if self.missing else ""
        return f"make {self.step:<8}{'ok' if self.good else 'FAILED':<8}exit {self.code}, {self.seconds / 60:.1f} min{wrote}"


def main() -> int:
    known = ", ".join(WRITES)
    parser = argparse.ArgumentParser(prog="make proof", description="The Makefile's commands in a fresh clone of HEAD.")
    parser.add_argument(
        "steps", nargs="*", default=["bench", "chaos"], help=f"some of {', '.join(WRITES)}, each with its ARGS (bench chaos)"
    )
    parser.add_argument("--keep", action="store_true", help="leave the clone where it is, and say where")
    parser.add_argument("--take", action="store_true", help="bring figures, documents and plots into this checkout")
    options = parser.parse_args()
    if unknown := {step.split()[0] for step in options.steps} - set(WRITES):
        parser.error(f"no such step: {', '.join(sorted(unknown))}; there are {known}")
    folder = Path(tempfile.mkdtemp(prefix="daybook-"))
    # As a newcomer's: where root runs it, the account that PostgreSQL borrows must reach what is installed in there.
    folder.chmod(0o755)
    try:
        clone = cloned(folder / "a fresh clone")
        outcomes = [ran(clone, *step.split(maxsplit=1)) for step in options.steps]
        for outcome in outcomes:
            collect(clone, outcome, take=options.take)
    finally:
        if options.keep:
            print(f"the clone is in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(["", *(outcome.line() for outcome in outcomes), f"what they said: {REPORTS.relative_to(ROOT)}/"]))
    return 0 if all(outcome.good for outcome in outcomes) else 1


def cloned(into: Path) -> Path:
    """HEAD of this checkout, without what is not committed."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(into)], check=True)
    head = subprocess.run(["git", "-C", str(into), "log", "-1", "--format=%h %s"], capture_output=True, text=True, check=True)
    print(f"cloned {head.stdout.strip()}", flush=True)
    return into


def ran(clone: Path, step: str, arguments: str = "") -> Outcome:
    """`make step` to its end, or until it has taken too long; every line is shown and kept."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    age(clone, step)
    began = time.monotonic()
    with (
        (REPORTS / f"{step}.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            ["make", step, f"ARGS={arguments}"],
            cwd=clone,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        too_long = threading.Timer(HOURS_MOST * 3600, os.killpg, (process.pid, signal.SIGTERM))
        too_long.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                print(f"{step}: {line}", end="", flush=True)
            code = process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            raise
        finally:
            too_long.cancel()
    return Outcome(step, code, time.monotonic() - began, [name for name in WRITES[step] if not written(clone / name)])


def age(clone: Path, step: str) -> None:
    """What lies in the clone is of an earlier run: only what the step writes anew counts."""
    for name in WRITES[step]:
        if (clone / name).exists():
            os.utime(clone / name, (0, 0))


def written(path: Path) -> bool:
    return path.is_file() and path.stat().st_mtime > 0


def environment() -> dict[str, str]:
    """This shell's, as far as a newcomer's would have it."""
    return {name: value for name, value in os.environ.items() if name in KEPT or name.upper().startswith(KEPT_FAMILIES)}


def collect(clone: Path, outcome: Outcome, *, take: bool) -> None:
    """What a step wrote, to the reports; with *take* also to its place in this checkout."""
    for name in (*WRITES[outcome.step], *ALSO.get(outcome.step, ())):
        source = clone / name
        if not source.exists() or name in outcome.missing:
            continue
        goals = [REPORTS / outcome.step / name] + ([ROOT / name] if take and not name.startswith(".") else [])
        for goal in goals:
            goal.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, goal, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, goal)


if __name__ == "__main__":
    sys.exit(main())
