"""`make bench`: run the rows, print the table, write figures and plots, and exit 1 below a floor or when a row could not be measured.

Figures go to bench/latest.json and bench/curves.json, and from there into README.md, docs/performance.md and its plots.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daybook.engines import embedded
from tests.bench import curves, results
from tests.bench.measure import Round, Row, broken, summary
from tests.bench.peers.environment import python as peers_python
from tests.bench.rows import ROWS
from tests.bench.stand import Stand
from tests.bench.table import rendered
from tests.support.taking_along import take_all_along

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
    take_all_along()
    whole = not wanted and not options.no_write
    head = {**results.facts(), "rounds": options.rounds}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder, embedded(Path(folder) / "data") as engines:
        stand = Stand(Path(folder), engines, peers_python())
        measured = _measured(rows, stand, options.rounds)
        swept = None if wanted or options.no_curves else curves.swept(stand)
    latest = {**head, "seconds": round(time.monotonic() - began), "rows": measured}
    if measured:
        print("\n" + rendered(latest))
    if whole:
        results.write(latest if measured else None, swept and {**head, **swept})
    return _judged(measured, [name for name, points in (swept or {}).items() if not points])


@dataclass
class Taken:
    """What was found of a row so far. `seconds` is how long that took; after an `error` nothing more of it is measured."""

    row: Row
    rounds: list[Round] = field(default_factory=list)
    seconds: float = 0.0
    error: Exception | None = None

    def another(self, stand: Stand, place: int, of: int) -> None:
        """A row that raises must not take the others with it."""
        began = time.monotonic()
        try:
            self.rounds.append(self.row.measure(stand))
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            self.error = error
        seconds = time.monotonic() - began
        self.seconds += seconds
        if self.error is None:
            said = ", ".join(f"{name} {value:,.1f}" for name, value in self.rounds[-1].items())
            print(f"{place}. {self.row.key} {len(self.rounds)}/{of}: {said}   [{seconds:.0f} s]", flush=True)

    def summed(self) -> dict[str, Any]:
        found = summary(self.row, self.rounds) if self.error is None else broken(self.row, self.error)
        return {**found, "seconds": round(self.seconds)}


def _measured(rows: Sequence[Row], stand: Stand, asked: int) -> list[dict[str, Any]]:
    """Round after round of all rows, not row after row: a slow minute of the machine then costs each row a round, and none all of them."""
    taken = [Taken(row) for row in rows]
    for number in range(asked):
        for place, one in enumerate(taken, 1):
            if one.error is None and number < one.row.rounds(asked):
                one.another(stand, place, one.row.rounds(asked))
    return [one.summed() for one in taken]


def _judged(measured: list[dict[str, Any]], lost: list[str]) -> int:
    failed = [f"could not be measured: {row['key']}: {row['error']}" for row in measured if row.get("error")]
    below = [f"below the floor: {row['name']}: {floor['said']}" for row in measured for floor in row["floors"] if not floor["holds"]]
    failed += [f"could not be swept: {name}" for name in lost]
    for line in failed + below:
        print(line, file=sys.stderr)
    return 1 if failed or below else 0


if __name__ == "__main__":
    sys.exit(main())
