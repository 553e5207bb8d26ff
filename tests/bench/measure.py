"""What a row of the table is, and how several rounds become one figure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.bench.stand import Stand

#: One round: figures by name, such as {"ours": 21000.0, "stock": 1150.0}.
Round = dict[str, float]
#: The unit of figures that say what one generation costs a process; they have a table of their own.
CPU = "µs CPU"


@dataclass(frozen=True)
class Floor:
    """A bound on the median of one figure, or of its ratio to another, `per`. `least`: at least `bound`; else at most.

    A ratio is of two figures of one round, taken within seconds of each other: the machine's own speed moves by half within minutes, and
    medians of each could be of a quick minute and of a slow one.
    """

    figure: str
    bound: float
    least: bool = True
    per: str | None = None

    def value(self, rounds: list[Round]) -> float:
        return median(one[self.figure] / (one[self.per] if self.per else 1) for one in rounds)

    def holds(self, rounds: list[Round]) -> bool:
        value = self.value(rounds)
        return value >= self.bound if self.least else value <= self.bound

    def said(self) -> str:
        sign = "≥" if self.least else "≤"
        return f"{self.figure} {sign} {self.bound:g}" + (f" × {self.per}" if self.per else "")


@dataclass(frozen=True)
class Row:
    """`key` is its name on the command line; `beside` says which processes ran beside what is measured.

    `units` names each figure's unit ("/s" without one). An expensive row says with `rounds_most` that it takes fewer rounds than asked for.
    """

    key: str
    name: str
    beside: str
    measure: Callable[[Stand], Round]
    floors: list[Floor] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    rounds_most: int | None = None

    def rounds(self, asked: int) -> int:
        return min(asked, self.rounds_most or asked)


def summary(row: Row, rounds: list[Round]) -> dict[str, Any]:
    """Minimum, median and maximum of each figure, and each floor with what was reached."""
    names = list(rounds[0])
    medians = {name: median(one[name] for one in rounds) for name in names}
    return {
        "key": row.key,
        "name": row.name,
        "beside": row.beside,
        "rounds": len(rounds),
        "figures": {
            name: {
                "unit": CPU if name.startswith("CPU ") else row.units.get(name, "/s"),
                "min": min(one[name] for one in rounds),
                "median": medians[name],
                "max": max(one[name] for one in rounds),
            }
            for name in names
        },
        "floors": [{"said": floor.said(), "reached": floor.value(rounds), "holds": floor.holds(rounds)} for floor in row.floors],
    }


def broken(row: Row, error: Exception) -> dict[str, Any]:
    """What stands in the place of a row that could not be measured: it holds no floor."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return {"key": row.key, "name": row.name, "beside": row.beside, "rounds": 0, "figures": {}, "floors": [], "error": said}
