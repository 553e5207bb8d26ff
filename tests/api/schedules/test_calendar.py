"""Cron expressions and time zones, also where clocks change."""

from datetime import datetime

import pytest

from domain.schedules.refusals import CronRefused, TimeZoneUnknown
from infra.calendar import CronCalendar

NEXT = CronCalendar().next


def moments(cron, zone, after, count):
    at, found = datetime.fromisoformat(after), []
    for _ in range(count):
        at = NEXT(cron, zone, after=at)
        found.append(at.isoformat().removesuffix(":00+00:00"))
    return found


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # What the change leaves out comes with the change.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00+00:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("30 0 * * *", "America/Havana", "2026-03-07T12:00+00:00", ["2026-03-08T05:00", "2026-03-09T04:30"]),
        # What comes twice comes once, also for a scheduler that was late.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00+00:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:01+00:00", ["2026-10-26T01:30"]),
        ("30 1 * * *", "America/New_York", "2026-11-01T06:10:01+00:00", ["2026-11-02T06:30"]),
        # Every half an hour is every half an hour.
        ("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:50+00:00", ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00"]),
        ("0 * * * *", "Australia/Lord_Howe", "2026-04-04T13:10+00:00", ["2026-04-04T14:00", "2026-04-04T15:30"]),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25T01:10+00:00", ["2026-10-25T01:30", "2026-10-25T02:00"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10+00:00", ["2026-10-26T01:30"]),
        # So what the change leaves out does not come, and what comes twice comes twice.
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-28T01:30+00:00", ["2026-03-30T00:00", "2026-03-30T00:30"]),
        ("30 */2 * * *", "Europe/Berlin", "2026-10-24T23:00+00:00", ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T03:30"]),
        # Where three quarters of an hour of one hour come twice.
        ("*/15 3 * * *", "Pacific/Chatham", "2026-04-04T14:12:31+00:00", ["2026-04-04T14:30", "2026-04-04T14:45"]),
        # A day that a place left out.
        ("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00+00:00", ["2011-12-29T22:00", "2011-12-30T10:00"]),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00+00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        # The rarest that there is.
        ("0 0 29 2 */7", "UTC", "2026-01-01T00:00+00:00", ["2032-02-29T00:00", "2060-02-29T00:00", "2088-02-29T00:00", "2128-02-29T00:00"]),
        ("0 9 * JAN-MAR mon", "UTC", "2026-04-01T00:00+00:00", ["2027-01-04T09:00"]),
    ],
)
def test_moments_come_as_the_local_clock_shows_them(cron, zone, after, expected):
    assert moments(cron, zone, after, len(expected)) == expected


@pytest.mark.parametrize(
    "cron", ["", "@daily", "0 0 0 * * *", "0 0 30 2 *", "0 0 * * 5-1", "*/0 * * * *", "60 * * * *", "0 0 ? * *", "0 0 * * \u0661"]
)
def test_what_is_no_expression_or_never_comes_is_refused(cron):
    with pytest.raises(CronRefused):
        moments(cron, "UTC", "2026-01-01T00:00+00:00", 1)


@pytest.mark.parametrize("zone", ["", "utc ", "Europe", "localtime", "posixrules", "Factory", "posix/UTC", "right/UTC", "../UTC", "a\0b"])
def test_zones_are_those_of_the_tz_database_and_the_same_on_every_machine(zone):
    with pytest.raises(TimeZoneUnknown):
        moments("0 9 * * *", zone, "2026-01-01T00:00+00:00", 1)
