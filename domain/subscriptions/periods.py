"""When a subscription's periods begin and end, where nobody else says so: at the test till."""

import calendar
from datetime import datetime, timedelta


def following(end: datetime, *, anchor: datetime, seconds: int | None, now: datetime) -> tuple[datetime, datetime]:
    """The period after *end* that contains *now*: periods nobody was there to renew are left out.

    A period is a calendar month counted from *anchor* (31 January, 28 February, 31 March), or *seconds* long.
    """
    if seconds:
        length = timedelta(seconds=seconds)
        start = end + length * max((now - end) // length, 0)
        return start, start + length
    start, after = end, _first_month_after(end, anchor)
    while after <= now:
        start, after = after, _first_month_after(after, anchor)
    return start, after


def _first_month_after(moment: datetime, anchor: datetime) -> datetime:
    months = (moment.year - anchor.year) * 12 + moment.month - anchor.month
    while (after := add_months(anchor, months)) <= moment:
        months += 1
    return after


def add_months(anchor: datetime, months: int) -> datetime:
    """The same day so many months later, or the last day of that month."""
    years, month = divmod(anchor.month - 1 + months, 12)
    year, month = anchor.year + years, month + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, calendar.monthrange(year, month)[1]))
