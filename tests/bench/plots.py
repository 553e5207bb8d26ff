"""The plots of docs/performance.md. Runs in the peers' environment, which has matplotlib; nothing of ours is imported.

usage: python plots.py LATEST.json CURVES.json FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

INK, FIRST, SECOND, THIRD = "#222222", "#1f5fa8", "#c2571a", "#2f7d4f"
SIZE = (7, 3.8)

Points = list[dict[str, float]]


def main(latest: Path, curves: Path, folder: Path) -> None:
    pyplot.rcParams.update({"font.size": 9, "axes.edgecolor": INK, "axes.spines.top": False, "axes.grid": True, "grid.color": "#e4e4e4"})
    folder.mkdir(parents=True, exist_ok=True)
    swept = json.loads(curves.read_text(encoding="utf-8"))
    for name, draw in (("latency", latency), ("append", append), ("hot_account", hot_account)):
        if swept[name]:
            draw(swept[name], folder / f"{name.replace('_', '-')}.png", of_run(swept))
    run = json.loads(latest.read_text(encoding="utf-8"))
    for row in run["rows"]:
        if row.get("key") == "growth" and row["figures"]:
            growth(row["figures"], folder / "growth.png", of_run(run))


def of_run(run: dict[str, Any]) -> str:
    return f"{run['date']}, {run['commit']}, {run['machine'].rsplit(',', 1)[0]}"


def latency(points: Points, path: Path, said: str) -> None:
    figure, axes = pyplot.subplots(figsize=SIZE)
    offered = column(points, "offered")
    axes.plot(offered, column(points, "p99_ms"), "o-", color=SECOND, label="p99")
    axes.plot(offered, column(points, "p50_ms"), "o-", color=FIRST, label="p50")
    axes.set(title="Latency of a durable submit against load, one API process", xlabel="submits offered a second", ylabel="milliseconds")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlim(left=0)
    axes.legend(frameon=False)
    save(figure, path, said)


def append(points: Points, path: Path, said: str) -> None:
    figure, axes = pyplot.subplots(figsize=SIZE)
    shared = column(points, "per_commit")
    axes.plot(shared, column(points, "per_second"), "o-", color=FIRST)
    for point in points:
        where = (point["per_commit"], point["per_second"])
        axes.annotate(f"{point['clients']:.0f}", where, xytext=(4, -10), textcoords="offset points", fontsize=8)
    axes.set(
        title="Appends of one writer against the size of its batches (numbers: clients)",
        xlabel="commands that share a commit, on average",
        ylabel="commands a second",
    )
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylim(bottom=0)
    save(figure, path, said)


def hot_account(points: Points, path: Path, said: str) -> None:
    figure, axes = pyplot.subplots(figsize=SIZE)
    connections = column(points, "connections")
    axes.plot(connections, column(points, "per_second"), "o-", color=FIRST, label="submits a second (left)")
    axes.set(title="Submits on one account, one API process", xlabel="connections", ylabel="submits a second")
    axes.set_xscale("log", base=2)
    axes.set_xticks(connections, [f"{number:.0f}" for number in connections])
    axes.set_ylim(bottom=0)
    right = axes.twinx()
    right.grid(visible=False)
    right.plot(connections, column(points, "p99_ms"), "s--", color=SECOND, label="p99 (right)")
    right.set(ylabel="milliseconds", ylim=(0, None))
    lines = [*axes.get_lines(), *right.get_lines()]
    axes.legend(lines, [str(line.get_label()) for line in lines], frameon=False, loc="upper left")
    save(figure, path, said)


def growth(figures: dict[str, Any], path: Path, said: str) -> None:
    figure, axes = pyplot.subplots(figsize=SIZE)
    sizes = list(dict.fromkeys(name.split(" at ")[1] for name in figures))
    for name, colour in (("submit p99", FIRST), ("read p99", THIRD), ("claim p99", SECOND)):
        seen = [figures[f"{name} at {size}"] for size in sizes]
        middle = [one["median"] for one in seen]
        spread = [[one["median"] - one["min"] for one in seen], [one["max"] - one["median"] for one in seen]]
        axes.errorbar(range(len(sizes)), middle, yerr=spread, fmt="o-", color=colour, capsize=3, label=name)
    axes.set_xticks(range(len(sizes)), [f"{size} events" for size in sizes])
    axes.set(title="The same small load on a longer log (median, min to max)", ylabel="milliseconds", ylim=(0, None))
    axes.set_ylim(top=axes.get_ylim()[1] * 1.15)
    axes.legend(frameon=False, loc="upper center", ncols=3)
    save(figure, path, said)


def column(points: Points, name: str) -> list[float]:
    return [point[name] for point in points]


def save(figure: Any, path: Path, said: str) -> None:
    figure.text(0.995, 0.005, said, ha="right", va="bottom", fontsize=6.5, color="#777777")
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    # Without a date of its own, the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
