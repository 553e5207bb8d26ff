"""The port `Calendar`: cron expressions as Debian's cron reads them, also where clocks change."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from domain.schedules.refusals import CronRefused, TimeZoneUnknown

#: Nobody waits longer for a moment that is so rare.
YEARS_MAX = 8


class CronCalendar:
    """Implements `domain.schedules.ports.Calendar`."""

    def next(self, cron: str, time_zone: str, *, after: datetime) -> datetime:
        zone = zone_of(time_zone)
        if len(cron.split()) != 5:
            raise _refused("it needs five fields: minute, hour, day of month, month, day of week")
        try:
            found = next(CronSim(cron, after.astimezone(zone)), None)
        except CronSimError as error:
            raise _refused(str(error).lower() or "it cannot be read") from error
        if found is None or found - after > timedelta(days=366 * YEARS_MAX):
            raise _refused(f"no such moment comes within {YEARS_MAX} years")
        return found.astimezone(after.tzinfo)


def zone_of(name: str) -> ZoneInfo:
    """Raises TimeZoneUnknown."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise TimeZoneUnknown(time_zone=name, errors=[("/time_zone", "is unknown")]) from error


def _refused(reason: str) -> CronRefused:
    return CronRefused(reason=reason, errors=[("/cron", reason)])
