"""The table of figures, as Markdown."""

from typing import Any

from tests.bench.measure import CPU

HEAD = "| row | figures | floor | processes beside it |\n|---|---|---|---|"


def rendered(latest: dict[str, Any]) -> str:
    """Every row of *latest*: median, minimum and maximum. What a generation costs each process has a table of its own."""
    return "\n".join([measured_where(latest), "", HEAD, *(_line(row, latest["rounds"]) for row in latest["rows"])])


def measured_where(latest: dict[str, Any]) -> str:
    return (
        f"Measured {latest['date']} at commit `{latest['commit']}` on {latest['machine']};\n"
        f"median of {latest['rounds']} rounds (min – max), fsync on, rate limits counted and out of reach,\n"
        "engines, load generator and peers on the one machine."
    )


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(figure: dict[str, Any]) -> str:
    return f"{number(figure['min'])} – {number(figure['max'])}"


def _line(row: dict[str, Any], rounds: int) -> str:
    shown = {name: figure for name, figure in row["figures"].items() if figure["unit"] != CPU}
    figures = "<br>".join(
        f"{name} **{number(f['median'])}** {f['unit']} ({number(f['min'])} – {number(f['max'])})" for name, f in shown.items()
    )
    floors = "<br>".join(f"{floor['said']}: {number(floor['reached'])} {'✓' if floor['holds'] else '✗'}" for floor in row["floors"])
    if row.get("error"):
        figures = f"could not be measured: {row['error'].replace('|', '/')} ✗"
    fewer = "" if row["rounds"] in (0, rounds) else f" ({row['rounds']} round{'' if row['rounds'] == 1 else 's'})"
    return f"| {row['name']}{fewer} | {figures} | {floors or 'reported'} | {row['beside']} |"
