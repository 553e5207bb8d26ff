"""What schedules need from outside."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec


class Calendar(Protocol):
    """Cron expressions, read in a time zone."""

    def next(self, cron: str, time_zone: str, *, after: datetime) -> datetime:
        """The first moment after *after*. Once it finds one, it finds one after each.

        Where clocks change, a fixed time (neither minute nor hour begins with `*`) that is left out comes with the change, and
        one that comes twice comes once. Anything else keeps its rhythm: what is left out does not come, what comes twice comes twice.

        Raises CronRefused, TimeZoneUnknown.
        """


class DueSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule whose moment `due_at` has come. `sealed` is what it wants."""

    schedule_id: UUID
    account_id: UUID
    sealed: str
    cron: str
    time_zone: str
    due_at: datetime


class SchedulesDue(Protocol):
    async def schedules(self, limit: int) -> list[DueSchedule]:
        """By the database's clock, the longest waiting first."""
