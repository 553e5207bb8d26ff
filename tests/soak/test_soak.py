"""The soak itself, shortly: real processes under mixed load, and nothing differs from the client's book."""

from pathlib import Path

import pytest

from daybook.engines import embedded
from tests.soak.__main__ import soaked
from tests.soak.soak import Plan

pytestmark = pytest.mark.long


def test_a_minute_of_mixed_load_differs_in_nothing(tmp_path: Path):
    """Too short to judge growth by: whatever is answered, told and kept is judged, and that everything ends."""
    plan = Plan(minutes=1.5, seed=7, capacity_seconds=8)
    with embedded(tmp_path / "engines") as engines:
        outcome, client = soaked(tmp_path, engines.database_url, engines.redis_url, plan, long_enough=False)
    assert outcome.differences == []
    assert [verdict for verdict in outcome.verdicts if not verdict.holds and verdict.what != "answers that were late"] == []
    assert len(client.book.generations) > 50
    assert outcome.counts["answers compared"] > 1_000
