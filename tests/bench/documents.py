"""What stands in README.md and docs/performance.md between markers, written from the figures.

usage: python -m tests.bench.documents [--check | --draw]
`--check` exits 1 when a document and the figures differ; `--draw` draws the plots, too.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import page
from tests.bench.table import rendered

LATEST = Path("bench/latest.json")
CURVES = Path("bench/curves.json")

#: Document -> marker -> what stands there.
DOCUMENTS: dict[Path, dict[str, Callable[[dict[str, Any]], str]]] = {
    Path("README.md"): {"bench": rendered},
    Path("docs/performance.md"): {
        "bench": rendered,
        "bench:cpu": page.cpu,
        "bench:one-writer": page.one_writer,
        "bench:sizes": page.sizes,
        "bench:sums": page.sums,
        "bench:points": page.points,
    },
}


def written(text: str, latest: dict[str, Any], blocks: dict[str, Callable[[dict[str, Any]], str]]) -> str:
    """*text* with each block between its markers.   Raises ValueError without markers."""
    for name, render in blocks.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the markers {begin} and {end} are missing")
        text = f"{before}{begin}\n{render(latest)}\n{end}{after}"
    return text


def main(arguments: list[str]) -> int:
    latest = json.loads(LATEST.read_text(encoding="utf-8"))
    wrong = []
    for path, blocks in DOCUMENTS.items():
        text = path.read_text(encoding="utf-8")
        wanted = written(text, latest, blocks)
        if "--check" not in arguments:
            path.write_text(wanted, encoding="utf-8")
        elif wanted != text:
            wrong.append(str(path))
    if wrong:
        print(f"{' and '.join(wrong)} and {LATEST} differ. Run: python -m tests.bench.documents", file=sys.stderr)
    if "--draw" in arguments:
        from tests.bench.results import draw

        draw()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
