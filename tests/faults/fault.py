"""What can break, and what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.faults.stack import Stack


class Form(StrEnum):
    """How much of a fault is run: in `make test`, by `make chaos`, by `make chaos ARGS=--long`."""

    SHORT = "short"
    WHOLE = "whole"
    LONG = "long"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one run of a fault cost, by the log.

    `expected`: how many submits should be answered with 202. `lost`: answered so, and not final in time. `double_effects`: beyond the
    one end, or the one generation, that each may have. `double_charges`: credits, beyond the price of what succeeded. `held`: credits still
    held at rest. `unsealed`: events that no checkpoint covers in time, where that is what broke. `again`: attempts beyond the first.
    `heal_seconds`: from the moment its fault's sentence names. `wrong`: what else does not hold, one sentence each; any fails the run.
    `notes`: what is worth knowing and fails nothing.
    """

    fault: str
    expected: int
    accepted: int
    succeeded: int
    failed: int = 0
    lost: int = 0
    double_effects: int = 0
    double_charges: int = 0
    held: int = 0
    unsealed: int = 0
    again: int = 0
    heal_seconds: float | None = None
    wrong: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Every count that must be zero is zero, and nobody was turned away for good. The heal time is judged by `Fault.complaints`."""
        counts = (self.lost, self.double_effects, self.double_charges, self.held, self.unsealed)
        return not any(counts) and self.accepted == self.expected and not self.wrong


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`key`: as typed on the command line. `breaks`: one sentence on what breaks, and from when the heal time counts.

    `heals_within`: seconds, None where the row of the table names no time. `short`: whether it is part of the form in `make test`.
    `run` puts load on *running*, breaks what it has to, and reports at rest; all it draws by chance it draws from its Random. What a fault
    cannot do to processes that others use after it, it does to some of its own (`Stack.fresh`), and says `audit verify` of those itself.
    `lacks`: what this machine has not that it needs, empty if it has all; such a fault is left out, and said to be.
    """

    key: str
    breaks: str
    heals_within: float | None
    short: bool
    run: Callable[[Stack, Random, Form], Awaitable[Report]]
    lacks: Callable[[], str] = lambda: ""

    def complaints(self, report: Report) -> list[str]:
        """Why *report* fails the run; empty when it does not."""
        counts = {name: getattr(report, name) for name in ("lost", "double_effects", "double_charges", "held", "unsealed")}
        found = [f"{name.replace('_', ' ')}: {count}" for name, count in counts.items() if count]
        if report.accepted != report.expected:
            found.append(f"{report.accepted} of {report.expected} submits were accepted")
        if self.heals_within is not None and (report.heal_seconds is None or report.heal_seconds > self.heals_within):
            found.append(f"healed after {report.heal_seconds} s, allowed are {self.heals_within:g}")
        return found + list(report.wrong)
