"""Schedules: make one, see it, change it, end it."""

from contextlib import suppress
from uuid import UUID

import msgspec
from msgspec import UNSET

from api.kit.answer import Answer, created, no_content, ok
from api.kit.call import Call
from api.kit.shapes import ListQuery
from api.listing import page_of
from api.shapes.schedules import NewSchedule, Recurring, SchedulePatch, shown_schedule
from api.submitting import checked, faults_at
from domain.generations.wanted import Fitting, Wanted
from domain.kernel.commands import Receipt
from domain.kernel.limits import SCHEDULES_MAX
from domain.schedules.commands import ChangeSchedule, CreateSchedule, DeleteSchedule
from domain.schedules.refusals import ScheduleMovedOn, ScheduleNotFound, TooManySchedules
from domain.schedules.schedule import Schedule
from projections.schedules.schedules import page_of_schedules, row_of, schedule_of, schedules_left

PATH = "/v1/schedules/{id}"
#: A change that meets a firing is worked out anew.
TRIES = 3


async def create(call: Call, body: NewSchedule) -> Answer:
    """Ask for a generation again and again.

    Each time its credits are held as for any other; when they do not suffice, the time is passed over and `last_run` says why.
    """
    wanted, fitting = await _checked(call, body.generation)
    next_at = call.platform.calendar.next(body.cron, body.time_zone, after=call.now)
    key = await call.platform.vault.key(call.account_id)
    command = CreateSchedule(
        schedule_id=call.platform.ids.new(),
        account_id=call.account_id,
        kind=fitting.model.kind,
        model=fitting.model.id,
        sealed=key.seal(msgspec.json.encode(wanted).decode()),
        cron=body.cron,
        time_zone=body.time_zone,
        paused=body.paused,
        next_at=None if body.paused else next_at,
    )
    async with schedules_left(call.platform.reads, call.account_id, limit=SCHEDULES_MAX) as left:
        if not left:
            raise TooManySchedules()
        return await call.execute(command, status=201)


async def made(call: Call, receipt: Receipt) -> Answer:
    """As it was when it was made."""
    schedule_id = UUID(receipt.result["schedule_id"])
    schedule = await _own(call, schedule_id, until=receipt.position)
    key = await call.platform.vault.key(call.account_id)
    return created(shown_schedule(key, row_of(schedule)), PATH.format(id=schedule_id))


async def listed(call: Call, query: ListQuery) -> Answer:
    """Your schedules, newest first."""
    key = await call.platform.vault.key(call.account_id)
    return await page_of(call, query, page_of_schedules, lambda row: shown_schedule(key, row), account_id=call.account_id)


async def show(call: Call, id: UUID) -> Answer:
    """A schedule."""
    row = None
    if not call.behind:
        async with call.platform.reads.connection() as connection:
            row = await schedule_of(connection, call.account_id, id)
    row = row or row_of(await _own(call, id))
    return ok(shown_schedule(await call.platform.vault.key(call.account_id), row))


async def change(call: Call, id: UUID, body: SchedulePatch) -> Answer:
    """Change what is asked for or when, pause it, or resume it. What it has asked for already runs on."""
    for _ in range(TRIES - 1):
        with suppress(ScheduleMovedOn):
            return await call.execute(await _change(call, id, body), status=200)
    return await call.execute(await _change(call, id, body), status=200)


async def _change(call: Call, id: UUID, body: SchedulePatch) -> ChangeSchedule:
    schedule = await _own(call, id)
    kind, model, sealed = schedule.kind, schedule.model, schedule.sealed
    if body.generation is not UNSET:
        wanted, fitting = await _checked(call, body.generation)
        key = await call.platform.vault.key(call.account_id)
        kind, model, sealed = fitting.model.kind, fitting.model.id, key.seal(msgspec.json.encode(wanted).decode())
    cron = schedule.cron if body.cron is UNSET else body.cron
    time_zone = schedule.time_zone if body.time_zone is UNSET else body.time_zone
    paused = schedule.paused if body.paused is UNSET else body.paused
    same_times = (cron, time_zone, paused) == (schedule.cron, schedule.time_zone, schedule.paused)
    # A moment that was dealt with does not come again.
    after = max(call.now, schedule.last_at or call.now)
    next_at = schedule.next_at if same_times else call.platform.calendar.next(cron, time_zone, after=after)
    return ChangeSchedule(
        schedule_id=id,
        account_id=call.account_id,
        kind=kind,
        model=model,
        sealed=sealed,
        cron=cron,
        time_zone=time_zone,
        paused=paused,
        next_at=None if paused else next_at,
        version=schedule.version,
    )


async def changed(call: Call, receipt: Receipt) -> Answer:
    schedule = await _own(call, UUID(receipt.result["schedule_id"]), until=receipt.position or None)
    return ok(shown_schedule(await call.platform.vault.key(call.account_id), row_of(schedule)))


async def delete(call: Call, id: UUID) -> Answer:
    """End a schedule. What it has asked for already runs on."""
    await _own(call, id)
    return await call.execute(DeleteSchedule(schedule_id=id, account_id=call.account_id), status=204, render=_deleted)


async def _deleted(call: Call, receipt: Receipt) -> Answer:
    return no_content()


async def _checked(call: Call, asked: Recurring) -> tuple[Wanted, Fitting]:
    """Raises what a request can be refused for, placed in the whole."""
    with faults_at("/generation"):
        return await checked(call, asked)


async def _own(call: Call, schedule_id: UUID, *, until: int | None = None) -> Schedule:
    """Raises ScheduleNotFound."""
    found = await call.platform.journal.load(Schedule, schedule_id, until=until)
    if found is None or found.deleted or found.account_id != call.account_id:
        raise ScheduleNotFound()
    return found
