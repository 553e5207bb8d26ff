"""When an account runs low: below a fifth of what was bought last, and only in the moment when it falls there."""

import pytest

from domain.telling.low import runs_low


@pytest.mark.parametrize(
    ("before", "after", "low"),
    [(25, 20, False), (21, 20, False), (20, 19, True), (100, 0, True), (19, 18, False), (19, 25, False), (0, 0, False)],
)
def test_an_account_that_bought_a_hundred_runs_low_below_twenty(before, after, low):
    assert runs_low(before, after, measure=100) is low


def test_an_account_that_never_got_anything_to_measure_by_never_runs_low():
    assert not runs_low(3, 0, measure=0)
    assert not runs_low(3, 0, measure=4)
