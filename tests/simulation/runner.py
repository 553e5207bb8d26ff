"""Many seeds on all cores, and the table of planted bugs."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.simulation import patches
from tests.simulation.bugs import BUGS
from tests.simulation.planting import Bug, planted
from tests.simulation.world import Outcome, run

#: Seeds that one process takes at a time.
PORTION = 25


class Found(NamedTuple):
    """A planted bug, how many seeds it took (None: it was not found), and what was wrong."""

    bug: Bug
    seeds: int | None
    wrong: str


def run_portion(seeds: Sequence[int]) -> list[Outcome]:
    with patches.simulated():
        return [run(seed) for seed in seeds]


def run_seeds(first: int, count: int, *, processes: int | None = None) -> Iterator[Outcome]:
    """In order of the seeds, on as many processes as there are cores."""
    portions = [range(begin, min(begin + PORTION, first + count)) for begin in range(first, first + count, PORTION)]
    size = min(processes or os.cpu_count() or 1, len(portions))
    if size == 1:
        for portion in portions:
            yield from run_portion(portion)
        return
    with multiprocessing.get_context("spawn").Pool(size) as pool:
        for outcomes in pool.imap(run_portion, portions):
            yield from outcomes


def find(bug: Bug, budget: int, first: int = 1) -> Found:
    """Seed after seed until the bug shows, at most *budget* of them."""
    with patches.simulated(), planted(bug):
        for number in range(budget):
            outcome = run(first + number)
            if outcome.wrongs:
                return Found(bug, number + 1, outcome.wrongs[0])
    return Found(bug, None, "")


def find_at(place_and_budget: tuple[int, int]) -> Found:
    return find(BUGS[place_and_budget[0]], place_and_budget[1])


def find_all(budget: int) -> Iterator[Found]:
    """All planted bugs, on all cores."""
    size = os.cpu_count() or 1
    with multiprocessing.get_context("spawn").Pool(size) as pool:
        yield from pool.imap(find_at, [(place, budget) for place in range(len(BUGS))])


def trace_of(seed: int) -> tuple[Outcome, list[str]]:
    lines: list[str] = []
    with patches.simulated():
        return run(seed, trace=lines), lines


def timed(outcomes: Iterator[Outcome], tell: Callable[[Outcome], None]) -> tuple[int, float]:
    """How many there were, and the seconds that they took."""
    began, count = time.perf_counter(), 0
    for outcome in outcomes:
        count += 1
        tell(outcome)
    return count, time.perf_counter() - began
