"""What a schedule refuses."""

from domain.kernel.limits import SCHEDULES_MAX
from domain.kernel.refusals import Conflicting, Missing, Unprocessable


class CronRefused(Unprocessable):
    """The expression cannot be read, or names no moment that ever comes."""

    detail = "The cron expression is refused: {reason}."
    shown = ("errors",)


class ScheduleMovedOn(Conflicting):
    """It fired, or somebody else changed it, while this change was worked out."""

    detail = "The schedule was changed at the same moment. Try again."
    retryable = True


class ScheduleNotFound(Missing):
    detail = "There is no such schedule."


class TimeZoneUnknown(Unprocessable):
    detail = "There is no time zone {time_zone!r}. Names are those of the tz database, such as Europe/Berlin."
    shown = ("errors",)


class TooManySchedules(Conflicting):
    detail = f"An account has at most {SCHEDULES_MAX} schedules. Delete one first."
