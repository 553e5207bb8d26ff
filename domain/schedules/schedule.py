"""One schedule: what is wanted, when it comes next, and what came of the last time."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Streams
from domain.kernel.facts import Root, when
from domain.schedules import commands, events, refusals

_STATED = ("kind", "model", "sealed", "cron", "time_zone", "paused", "next_at")


class Schedule(Root):
    TOPIC = "schedules.schedule"

    def __init__(self) -> None:
        self.runs = 0
        self.last_at: datetime | None = None
        self.last_generation_id: UUID | None = None
        self.last_code: str | None = None
        self.deleted = False

    @classmethod
    def create(cls, command: commands.CreateSchedule, *, now: datetime) -> "Schedule":
        stated = {name: getattr(command, name) for name in _STATED}
        schedule: Schedule = cls._create(
            events.ScheduleCreated, id=command.schedule_id, timestamp=now, account_id=command.account_id, **stated
        )
        return schedule

    @classmethod
    def of(cls, streams: Streams, schedule_id: UUID, account_id: UUID) -> "Schedule":
        """Raises ScheduleNotFound."""
        found = streams.get(cls, schedule_id)
        if found is None or found.deleted or found.account_id != account_id:
            raise refusals.ScheduleNotFound()
        return found

    def change(self, command: commands.ChangeSchedule, *, now: datetime) -> None:
        """Nothing is recorded when nothing would be different.   Raises ScheduleMovedOn."""
        if command.version not in (None, self.version):
            raise refusals.ScheduleMovedOn()
        stated = {name: getattr(command, name) for name in _STATED}
        if any(getattr(self, name) != value for name, value in stated.items()):
            self.record(events.ScheduleChanged, now=now, **stated)

    def is_due(self, due_at: datetime) -> bool:
        """False when this moment was dealt with before, or the schedule was changed meanwhile."""
        return not self.paused and not self.deleted and self.next_at == due_at

    def fire(self, *, due_at: datetime, generation_id: UUID | None, code: str | None, next_at: datetime, now: datetime) -> None:
        self.record(events.ScheduleFired, now=now, due_at=due_at, generation_id=generation_id, code=code, next_at=next_at)

    def delete(self, *, now: datetime) -> None:
        self.record(events.ScheduleDeleted, now=now)

    @when(events.ScheduleCreated)
    def _created(self, fact: events.ScheduleCreated) -> None:
        self.account_id = fact.account_id
        for name in _STATED:
            setattr(self, name, getattr(fact, name))

    @when(events.ScheduleChanged)
    def _changed(self, fact: events.ScheduleChanged) -> None:
        for name in _STATED:
            setattr(self, name, getattr(fact, name))

    @when(events.ScheduleFired)
    def _fired(self, fact: events.ScheduleFired) -> None:
        self.runs += fact.generation_id is not None
        self.last_at, self.last_generation_id, self.last_code = fact.due_at, fact.generation_id, fact.code
        self.next_at = fact.next_at

    @when(events.ScheduleDeleted)
    def _deleted(self, fact: events.ScheduleDeleted) -> None:
        self.deleted = True
        self.next_at = None

    # Set from ScheduleCreated.
    account_id: UUID
    kind: str
    model: str
    sealed: str
    cron: str
    time_zone: str
    paused: bool
    next_at: datetime | None
