"""The port `Calendar`: cron expressions as Debian's cron reads them, also where clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from domain.schedules.refusals import CronRefused, TimeZoneUnknown

#: Nothing that comes again and again is rarer: a 29 February on a given weekday is up to 40 years away.
YEARS_MAX = 50
#: No clock is set back by more.
LATER = [timedelta(minutes=15 * number) for number in range(13)]
#: Files that lie among the zones and mean something else on each machine, or nothing.
MACHINES_OWN = frozenset({"Factory", "localtime", "posixrules"})
#: The zones once more, with and without leap seconds.
OTHER_COUNTS = ("posix/", "right/")


class CronCalendar:
    """Implements `domain.schedules.ports.Calendar`."""

    def next(self, cron: str, time_zone: str, *, after: datetime) -> datetime:
        zone = zone_of(time_zone)
        if len(cron.split()) != 5:
            raise _refused("it needs five fields: minute, hour, day of month, month, day of week")
        try:
            # In an hour that comes twice, what is found can be the moment of an hour ago: it is looked for from a little later on.
            firsts = (next(CronSim(cron, (after + step).astimezone(zone)), None) for step in LATER)
            found = next((first for first in firsts if first is None or first.astimezone(UTC) > after), None)
        except CronSimError as error:
            raise _refused(str(error).lower() or "it cannot be read") from error
        if found is None:
            raise _refused(f"no such moment comes within {YEARS_MAX} years")
        return found.astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """Raises TimeZoneUnknown."""
    if name in MACHINES_OWN or name.startswith(OTHER_COUNTS):
        raise _unknown(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise _unknown(name) from error


def _unknown(name: str) -> TimeZoneUnknown:
    return TimeZoneUnknown(time_zone=name, errors=[("/time_zone", "is unknown")])


def _refused(reason: str) -> CronRefused:
    return CronRefused(reason=reason, errors=[("/cron", reason)])
