"""Each command of a schedule: its streams, and what it decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.credits.credit_account import CreditAccount
from domain.generations.handlers import held, work_of
from domain.kernel.commands import Command, Decision, Handler, Need, Streams
from domain.kernel.ids import credit_stream
from domain.schedules import commands
from domain.schedules.schedule import Schedule


def _needs(command: Any) -> Sequence[Need]:
    return [Need(Schedule, command.schedule_id)]


def _create(command: commands.CreateSchedule, streams: Streams, now: datetime) -> Decision:
    schedule = Schedule.create(command, now=now)
    return Decision(account_id=command.account_id, saved=[schedule], result={"schedule_id": str(command.schedule_id)})


def _change(command: commands.ChangeSchedule, streams: Streams, now: datetime) -> Decision:
    schedule = Schedule.of(streams, command.schedule_id, command.account_id)
    schedule.change(command, now=now)
    return Decision(account_id=command.account_id, saved=[schedule], result={"schedule_id": str(command.schedule_id)})


def _fire(command: commands.FireSchedule, streams: Streams, now: datetime) -> Decision:
    """The generation and the note that it was asked for are one commit: however many schedulers run, it is asked for once."""
    schedule = Schedule.of(streams, command.schedule_id, command.account_id)
    if not schedule.is_due(command.due_at):
        return Decision(account_id=command.account_id, saved=[schedule])
    request = command.request
    made: list[Any] = []
    if request is not None:
        credits = CreditAccount.among(streams, command.account_id)
        made = [credits, held(request, credits, now)]
    schedule.fire(
        due_at=command.due_at,
        generation_id=None if request is None else request.generation_id,
        code=command.code,
        next_at=command.next_at,
        now=now,
    )
    work = [] if request is None else [work_of(request)]
    return Decision(account_id=command.account_id, saved=[*made, schedule], work=work)


def _delete(command: commands.DeleteSchedule, streams: Streams, now: datetime) -> Decision:
    schedule = Schedule.of(streams, command.schedule_id, command.account_id)
    schedule.delete(now=now)
    return Decision(account_id=command.account_id, saved=[schedule])


HANDLERS: dict[type[Command], Handler] = {
    commands.ChangeSchedule: Handler(_needs, _change),
    commands.CreateSchedule: Handler(lambda c: [], _create),
    commands.DeleteSchedule: Handler(_needs, _delete),
    commands.FireSchedule: Handler(lambda c: [*_needs(c), Need(CreditAccount, credit_stream(c.account_id))], _fire),
}
