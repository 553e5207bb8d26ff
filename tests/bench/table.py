"""The table of figures in README.md, between markers, written from bench/latest.json.

usage: python -m tests.bench.table [--check]   `--check` exits 1 when README and figures differ.
"""

import json
import sys
from pathlib import Path
from typing import Any

LATEST = Path("bench/latest.json")
README = Path("README.md")
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def rendered(latest: dict[str, Any]) -> str:
    lines = [
        f"Measured {latest['date']} at commit `{latest['commit']}` on {latest['machine']};",
        f"median of {latest['rounds']} rounds (min – max), fsync on, rate limits off,",
        "engines, load generator and peers on the one machine.",
        "",
        "| row | figures | floor | processes beside it |",
        "|---|---|---|---|",
    ]
    for row in latest["rows"]:
        figures = "<br>".join(
            f"{name} **{number(f['median'])}** {f['unit']} ({number(f['min'])} – {number(f['max'])})" for name, f in row["figures"].items()
        )
        floors = "<br>".join(f"{floor['said']}: {number(floor['reached'])} {'✓' if floor['holds'] else '✗'}" for floor in row["floors"])
        lines.append(f"| {row['name']} | {figures} | {floors} | {row['beside']} |")
    return "\n".join(lines)


def replaced(readme: str, table: str) -> str:
    """README's text with the table between its markers.   Raises ValueError without markers."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md needs the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(arguments: list[str]) -> int:
    readme = README.read_text(encoding="utf-8")
    wanted = replaced(readme, rendered(json.loads(LATEST.read_text(encoding="utf-8"))))
    if "--check" in arguments:
        if wanted != readme:
            print("README.md and bench/latest.json differ. Run: python -m tests.bench.table", file=sys.stderr)
            return 1
        return 0
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
