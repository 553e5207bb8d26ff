"""The files that take longest begin first, so that no process is left with one of them at the end while the others have nothing to do."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
#: The longest first.
LONGEST = (
    "tests/contracts/test_schemathesis.py",
    "tests/faults/test_faults.py",
    "tests/daybook/test_up.py",
    "tests/journeys/test_newcomer.py",
    "tests/daybook/test_cli.py",
    "tests/workers/test_parking.py",
    "tests/daybook/test_engines.py",
    "tests/workers/test_attempts.py",
    "tests/workers/test_unknown_submits.py",
    "tests/erasure/test_nothing_in_the_clear.py",
    "tests/daybook/test_engines_places.py",
    "tests/journeys/test_tour.py",
)
_RANKS = {ROOT / name: rank for rank, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything else keeps its order; each process sorts alike."""
    items.sort(key=lambda item: _RANKS.get(item.path, len(LONGEST)))


def pytest_configure(config: pytest.Config) -> None:
    missing = [str(path) for path in _RANKS if not path.exists()]
    if missing:
        raise pytest.UsageError(f"no such test files: {', '.join(missing)}")
