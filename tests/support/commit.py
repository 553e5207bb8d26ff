"""Which commit a figure is of."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
#: What the measuring commands write themselves: who runs one after the other has not changed the program by it.
WRITTEN = (":!README.md", ":!bench/*.json", ":!docs")


def commit() -> str:
    """HEAD's, and whether the program differs from it."""
    changed = _said("status", "--porcelain", "--untracked-files=no", "--", ".", *WRITTEN)
    return _said("rev-parse", "--short", "HEAD") + (" and uncommitted changes" if changed else "")


def _said(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, text=True, cwd=ROOT, check=True).stdout.strip()
