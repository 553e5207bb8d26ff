"""What docs/performance.md says in figures: each block from bench/latest.json alone."""

from typing import Any

from tests.bench.load_factors import Measured, at_factor, points_of_change
from tests.bench.measure import CPU
from tests.bench.table import number, spread

MISSING = "The latest run did not measure this."
FACTORS = (1, 10, 100, 1_000)


def cpu(latest: dict[str, Any]) -> str:
    """What one generation costs each process."""
    figures = {name: figure for name, figure in _figures(latest, "end-to-end").items() if figure["unit"] == CPU}
    if not figures:
        return MISSING
    lines = [f"| {name.removeprefix('CPU ')} | {number(figure['median'])} | {spread(figure)} |" for name, figure in figures.items()]
    total = f"| sum of the medians | {number(sum(figure['median'] for figure in figures.values()))} | |"
    return "\n".join(["| process | CPU µs per generation | min – max |", "|---|---|---|", *lines, total])


def one_writer(latest: dict[str, Any]) -> str:
    """How much one log takes: from one writer, and from many that share nothing."""
    one, many = _figures(latest, "append"), _figures(latest, "processes")
    if not one or not many:
        return MISSING
    alone, company = many["ours"]["median"], one["ours"]["median"]
    return (
        f"One writer with 64 clients appends {number(company)} commands a second; sixteen writers with one client each append\n"
        f"{number(alone)} in all, because then every command is a commit of its own. Company in a commit is worth\n"
        f"{number(company / alone)} times."
    )


def sizes(latest: dict[str, Any]) -> str:
    """Bytes and rows of one generation."""
    figures = _figures(latest, "sizes")
    if not figures:
        return MISSING
    lines = [f"| {name} | {number(figure['median'])} {figure['unit']} |" for name, figure in figures.items()]
    in_postgres = sum(figures[name]["median"] for name in ("log", "read models", "proofs"))
    return "\n".join(["| of one generation | |", "|---|---|", *lines, f"| **in PostgreSQL, all together** | {number(in_postgres)} bytes |"])


def sums(latest: dict[str, Any]) -> str:
    """What 10, 100 and 1,000 times the measured load takes."""
    measured = measured_of(latest)
    if measured is None:
        return MISSING
    columns = [at_factor(measured, factor) for factor in FACTORS]
    head = "| | " + " | ".join("this load" if factor == 1 else f"{factor:,} ×" for factor in FACTORS) + " |"
    lines = [f"| {name} | " + " | ".join(column[name] for column in columns) + " |" for name in columns[0]]
    return "\n".join([head, "|---" * (len(FACTORS) + 1) + "|", *lines])


def points(latest: dict[str, Any]) -> str:
    """At what load something has to change."""
    measured = measured_of(latest)
    return MISSING if measured is None else "\n".join(f"- {line}" for line in points_of_change(measured))


def measured_of(latest: dict[str, Any]) -> Measured | None:
    """The medians that the sums are made of; None when one is missing."""
    whole, append, left = (_figures(latest, key) for key in ("end-to-end", "append", "sizes"))
    if not (whole and append and left):
        return None
    return Measured(
        generations=whole["ours"]["median"],
        cpu={name.removeprefix("CPU "): figure["median"] for name, figure in whole.items() if figure["unit"] == CPU},
        appends=append["ours"]["median"],
        commands=left["commands"]["median"],
        events=left["events"]["median"],
        database_bytes=sum(left[name]["median"] for name in ("log", "read models", "proofs")),
        log_bytes=left["log"]["median"],
        objects=left["objects with a picture"]["median"],
        object_bytes=left["bytes of objects with a picture"]["median"],
    )


def _figures(latest: dict[str, Any], key: str) -> dict[str, Any]:
    return next((dict(row["figures"]) for row in latest["rows"] if row.get("key") == key), {})
