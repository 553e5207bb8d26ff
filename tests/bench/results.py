"""What a run leaves: two files of figures, and what is written and drawn from them."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

from tests.bench import documents
from tests.bench.peers.environment import python as peers_python
from tests.support.commit import commit

PLOTS = "tests/bench/plots.py"


def facts() -> dict[str, Any]:
    """When, of what and on what it was measured."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "machine": f"{os.cpu_count()} cores, {memory_gib()} GiB, {platform.system()} {platform.machine()}, {interpreter()}",
    }


def write(latest: dict[str, Any] | None, curves: dict[str, Any] | None) -> None:
    """Keep what was measured, and bring documents and plots up to date with it."""
    for path, figures in ((documents.LATEST, latest), (documents.CURVES, curves)):
        if figures is not None:
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    documents.main([])
    if curves is not None:
        draw()


def draw() -> None:
    """The plots, from the kept figures."""
    subprocess.run([str(peers_python()), PLOTS, str(documents.LATEST), str(documents.CURVES), "docs/performance"], check=True)


def said_by(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def interpreter() -> str:
    """Its version, and how quick it is here: builds of one version differ by a third."""
    *_, pace = said_by(sys.executable, "-I", "daybook/environment.py", "--pace").split()
    return f"{said_by(sys.executable, '-V')} ({float(pace) * 1000:.1f} ms by `daybook/environment.py --pace`)"


def memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
