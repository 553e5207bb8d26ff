"""Reports as a table in a terminal: one line a fault, its rounds added up."""

from collections.abc import Sequence
from statistics import median

from tests.faults.fault import Report

COLUMNS = ("accepted", "succeeded", "failed", "lost", "double_effects", "double_charges", "held", "unsealed", "again")
TITLES = ("accepted", "succeeded", "failed", "lost", "2 effects", "2 charges", "held", "unsealed", "again", "p50 s", "max s")


def table(reports: Sequence[Report]) -> str:
    return "\n".join(f"{key:<22}" + "".join(f"{cell:>11}" for cell in cells) for key, cells in [("fault", list(TITLES)), *rows(reports)])


def rows(reports: Sequence[Report]) -> list[tuple[str, list[str]]]:
    """One a fault, in the order they came: the sums of its rounds, and the median and the longest of their heal times."""
    found = []
    for fault in dict.fromkeys(report.fault for report in reports):
        rounds = [report for report in reports if report.fault == fault]
        sums = [str(sum(getattr(report, column) for report in rounds)) for column in COLUMNS]
        found.append((fault, sums + heals([report.heal_seconds for report in rounds if report.heal_seconds is not None])))
    return found


def heals(seconds: list[float]) -> list[str]:
    return [f"{median(seconds):.1f}", f"{max(seconds):.1f}"] if seconds else ["–", "–"]
