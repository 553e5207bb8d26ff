"""What can be asked of a schedule."""

from datetime import datetime
from uuid import UUID

from domain.generations.commands import RequestGeneration
from domain.kernel.commands import Command


class CreateSchedule(Command):
    schedule_id: UUID
    account_id: UUID
    kind: str
    model: str
    sealed: str
    cron: str
    time_zone: str
    paused: bool
    next_at: datetime | None


class ChangeSchedule(Command):
    """All of it as it shall be. `version` is that of the schedule which this was made of; None: whatever it is."""

    schedule_id: UUID
    account_id: UUID
    kind: str
    model: str
    sealed: str
    cron: str
    time_zone: str
    paused: bool
    next_at: datetime | None
    version: int | None = None


class FireSchedule(Command):
    """The scheduler found that `due_at` has come. `request` None: it cannot be asked for, and `code` says why."""

    schedule_id: UUID
    account_id: UUID
    due_at: datetime
    next_at: datetime
    request: RequestGeneration | None
    code: str | None = None


class DeleteSchedule(Command):
    schedule_id: UUID
    account_id: UUID
