"""`python -m tests.simulation`: many seeds, one seed with its trace, or the planted bugs. Exits 1 when anything is wrong."""

import argparse
import sys

from tests.simulation.runner import find_all, run_seeds, timed, trace_of
from tests.simulation.world import Outcome

#: Lines of a failed seed's trace that are shown at once; `--seed` shows all.
TRACE_LINES = 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first (1)")
    parser.add_argument("--seed", type=int, help="only this one, with its whole trace")
    parser.add_argument("--bugs", action="store_true", help="plant bugs, and count the seeds until each is found")
    parser.add_argument("--budget", type=int, default=300, help="seeds for each bug (300)")
    given = parser.parse_args()
    if given.seed is not None:
        return one(given.seed)
    return bugs(given.budget) if given.bugs else many(given.first, given.seeds)


def one(seed: int) -> int:
    outcome, trace = trace_of(seed)
    print("\n".join(trace))
    print(f"seed {seed}: {outcome.seconds:.1f} virtual seconds, {outcome.events} events, trace {outcome.digest:08x}")
    for wrong in outcome.wrongs:
        print(f"  WRONG {wrong}")
    return bool(outcome.wrongs)


def many(first: int, count: int) -> int:
    failed: list[Outcome] = []
    events = seconds = 0.0

    def tell(outcome: Outcome) -> None:
        nonlocal events, seconds
        events, seconds = events + outcome.events, seconds + outcome.seconds
        if outcome.wrongs:
            failed.append(outcome)
            print(f"seed {outcome.seed} FAILED: {outcome.wrongs[0]}", flush=True)

    ran, took = timed(run_seeds(first, count), tell)
    rate = f"{ran} seeds in {took:.1f} s, {ran / took:.0f} a second"
    print(f"{rate}: {events:.0f} events in {seconds:.0f} virtual seconds, {len(failed)} failed")
    if failed:
        print(f"\nThe end of the first one's trace; `python -m tests.simulation --seed {failed[0].seed}` repeats it whole:")
        print("\n".join(trace_of(failed[0].seed)[1][-TRACE_LINES:]))
    return bool(failed)


def bugs(budget: int) -> int:
    missed = 0
    print("| seeds | planted bug | what shows it |\n|---|---|---|")
    for found in find_all(budget):
        missed += found.seeds is None
        print(f"| {found.seeds or 'NOT FOUND'} | {found.bug.name} | {found.wrong[:120]} |", flush=True)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
