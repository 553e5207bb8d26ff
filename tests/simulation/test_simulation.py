"""The core under faults, by seed: nothing lost, nothing twice; and bugs that are planted are found."""

import os
import subprocess
import sys

import pytest

from tests.simulation import patches
from tests.simulation.bugs import BUGS, DATABASE
from tests.simulation.planting import Bug, NotThere, planted
from tests.simulation.runner import find, find_all, run_seeds
from tests.simulation.seeds import SEED
from tests.simulation.world import run

SHORT, LONG = 100, 10_000
BUDGET = 300
#: Those that show within a few seeds are looked for each time; the long form looks for all.
QUICK = [bug for bug in BUGS if bug.name in {
    "a cancel ignores that it runs",
    "a conflict is answered as done",
    "credits are held that are not there",
    "the hold is not released on failure",
    "the quote is charged, whatever was delivered",
    "what did not land stays in the cache",
}]  # fmt: skip


def test_seeds_are_clean() -> None:
    assert {outcome.seed: outcome.wrongs for outcome in run_seeds(SEED, SHORT, processes=1) if outcome.wrongs} == {}


def test_a_seed_is_the_same_run_in_every_process() -> None:
    code = "from tests.simulation.runner import run_portion; print([each.digest for each in run_portion(range(1, 6))])"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hashing},
            timeout=60,
        ).stdout
        for hashing in ("1", "2")
    }
    assert len(runs) == 1 and all(each.strip() for each in runs)


@pytest.mark.parametrize("bug", QUICK, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    assert find(bug, 40).seeds is not None


def test_all_bugs_can_be_planted_and_taken_out_again() -> None:
    assert len(BUGS) - len(DATABASE) >= 20 and len({bug.name for bug in BUGS}) == len(BUGS)
    for bug in BUGS:
        with planted(bug):
            """Its text is there just once."""
    with patches.simulated():
        assert run(1).wrongs == []


def test_a_bug_whose_text_has_gone_is_not_passed_over() -> None:
    with pytest.raises(NotThere), planted(BUGS[0]._replace(text="what nobody wrote")):
        """It is not planted."""


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_ten_thousand_seeds_are_clean() -> None:
    assert {outcome.seed: outcome.wrongs for outcome in run_seeds(SEED, LONG) if outcome.wrongs} == {}


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_every_planted_bug_is_found() -> None:
    assert [found.bug.name for found in find_all(BUDGET) if found.seeds is None] == []
