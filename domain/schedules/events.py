"""Facts of a schedule's stream."""

from datetime import datetime
from uuid import UUID

from domain.kernel.facts import Fact, FirstFact


class ScheduleCreated(FirstFact):
    """`sealed` is what is wanted each time, as JSON under the account's key. `next_at` None: paused."""

    TOPIC = "schedules.created"
    account_id: UUID
    kind: str
    model: str
    sealed: str
    cron: str
    time_zone: str
    paused: bool
    next_at: datetime | None


class ScheduleChanged(Fact):
    """All of it as it is from now on."""

    TOPIC = "schedules.changed"
    kind: str
    model: str
    sealed: str
    cron: str
    time_zone: str
    paused: bool
    next_at: datetime | None


class ScheduleFired(Fact):
    """The moment `due_at` has come: the generation was asked for, or `code` says why not. Moments missed meanwhile are passed over."""

    TOPIC = "schedules.fired"
    due_at: datetime
    generation_id: UUID | None
    code: str | None
    next_at: datetime


class ScheduleDeleted(Fact):
    TOPIC = "schedules.deleted"
