"""`make bench`: run the rows, print the table, write figures and plots, and exit 1 below a floor or when a row could not be measured.

Figures go to bench/latest.json and bench/curves.json, and from there into README.md, docs/performance.md and its plots.
"""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from daybook.engines import embedded
from tests.bench import curves, results
from tests.bench.measure import Row, broken, summary
from tests.bench.peers.environment import python as peers_python
from tests.bench.rows import ROWS
from tests.bench.stand import Stand
from tests.bench.table import rendered

KEYS = "\n".join(f"  {row.key:<12}{row.name}" for row in ROWS)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Every figure beside its peers, on the same engines.",
        epilog=f"rows:\n{KEYS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each row (5); expensive rows take fewer")
    parser.add_argument("--rows", default="", help="only these rows, separated by commas; writes nothing")
    parser.add_argument("--curves", action="store_true", help="only the sweeps and the plots")
    parser.add_argument("--no-curves", action="store_true", help="without the sweeps and the plots")
    parser.add_argument("--no-write", action="store_true", help="leave figures, documents and plots as they are")
    options = parser.parse_args()
    wanted = [key for key in options.rows.split(",") if key]
    if unknown := set(wanted) - {row.key for row in ROWS}:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are:\n{KEYS}")
    rows = [] if options.curves else [row for row in ROWS if not wanted or row.key in wanted]
    whole = not wanted and not options.no_write
    head = {**results.facts(), "rounds": options.rounds}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder, embedded(Path(folder) / "data") as engines:
        stand = Stand(Path(folder), engines, peers_python())
        measured = [_measured(row, stand, row.rounds(options.rounds), place) for place, row in enumerate(rows, 1)]
        swept = None if wanted or options.no_curves else curves.swept(stand)
    latest = {**head, "seconds": round(time.monotonic() - began), "rows": measured}
    if measured:
        print("\n" + rendered(latest))
    if whole:
        results.write(latest if measured else None, swept and {**head, **swept})
    return _judged(measured, [name for name, points in (swept or {}).items() if not points])


def _measured(row: Row, stand: Stand, rounds: int, place: int) -> dict[str, Any]:
    """A row that raises must not take the others with it."""
    found, began = [], time.monotonic()
    try:
        for number in range(rounds):
            at = time.monotonic()
            found.append(row.measure(stand))
            said = ", ".join(f"{name} {value:,.1f}" for name, value in found[-1].items())
            print(f"{place}. {row.key} {number + 1}/{rounds}: {said}   [{time.monotonic() - at:.0f} s]", flush=True)
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        return {**broken(row, error), "seconds": round(time.monotonic() - began)}
    return {**summary(row, found), "seconds": round(time.monotonic() - began)}


def _judged(measured: list[dict[str, Any]], lost: list[str]) -> int:
    failed = [f"could not be measured: {row['key']}: {row['error']}" for row in measured if row.get("error")]
    below = [f"below the floor: {row['name']}: {floor['said']}" for row in measured for floor in row["floors"] if not floor["holds"]]
    failed += [f"could not be swept: {name}" for name in lost]
    for line in failed + below:
        print(line, file=sys.stderr)
    return 1 if failed or below else 0


if __name__ == "__main__":
    sys.exit(main())
