"""When periods begin and end at the test till."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.subscriptions.periods import add_months, following

LAST_OF_JANUARY = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("months", "expected"), [(0, (2027, 1, 31)), (1, (2027, 2, 28)), (2, (2027, 3, 31)), (11, (2027, 12, 31)), (13, (2028, 2, 29))]
)
def test_a_month_is_the_same_day_or_the_last_one(months: int, expected: tuple[int, int, int]) -> None:
    found = add_months(LAST_OF_JANUARY, months)
    assert (found.year, found.month, found.day) == expected
    assert (found.hour, found.minute) == (9, 30)


def test_months_are_counted_from_the_first_day_so_that_no_day_is_lost() -> None:
    end, seen = LAST_OF_JANUARY, []
    for _ in range(4):
        start, end = following(end, anchor=LAST_OF_JANUARY, seconds=None, now=end)
        seen.append((start.day, end.day))
    assert seen == [(31, 28), (28, 31), (31, 30), (30, 31)]


@pytest.mark.parametrize("seconds", [None, 1, 20, 86_400])
def test_the_period_that_follows_contains_now(seconds: int | None) -> None:
    for late in (0, 1, 59, 3_600, 86_400 * 400):
        now = LAST_OF_JANUARY + timedelta(seconds=late)
        start, end = following(LAST_OF_JANUARY, anchor=LAST_OF_JANUARY, seconds=seconds, now=now)
        assert start <= now < end
