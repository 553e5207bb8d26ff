"""Each order of an operator: a fact on his stream, and what follows for queues and workers in the same commit.

Final is final: what is tried again is a generation of its own, with `retry_of` and a hold of its own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.credits.burning import alive
from domain.credits.credit_account import CreditAccount
from domain.generations.commands import RequestGeneration
from domain.generations.generation import Generation
from domain.generations.handlers import held, work_of
from domain.kernel.commands import Command, Decision, DrainWork, Handler, Need, PauseWork, Streams
from domain.kernel.ids import credit_stream, desk_stream
from domain.operators import commands, events
from domain.operators.desk import Desk

#: A gift of the house for one generation goes before all others.
HOUSE_PRIORITY = -100
#: What the new one has of the first.
_SAME = tuple(name for name in RequestGeneration.__struct_fields__ if name in Generation.__annotations__)


def _needs(command: Any) -> Sequence[Need]:
    return [Need(Desk, desk_stream(command.account_id))]


def _pause(command: commands.PauseQueue, streams: Streams, now: datetime) -> Decision:
    desk = Desk.among(streams, command.account_id, now=now)
    desk.record(events.QueuePaused, now=now, queue=command.queue, reason=command.reason)
    work = [PauseWork(queue=command.queue, paused=True)]
    return Decision(account_id=command.account_id, saved=[desk], result={"queue": command.queue}, work=work)


def _resume(command: commands.ResumeQueue, streams: Streams, now: datetime) -> Decision:
    desk = Desk.among(streams, command.account_id, now=now)
    desk.record(events.QueueResumed, now=now, queue=command.queue, reason=command.reason)
    work = [PauseWork(queue=command.queue, paused=False)]
    return Decision(account_id=command.account_id, saved=[desk], result={"queue": command.queue}, work=work)


def _drain(command: commands.DrainWorker, streams: Streams, now: datetime) -> Decision:
    desk = Desk.among(streams, command.account_id, now=now)
    desk.record(events.WorkerDrained, now=now, worker=command.worker, reason=command.reason)
    result, work = {"worker": str(command.worker)}, [DrainWork(worker=command.worker)]
    return Decision(account_id=command.account_id, saved=[desk], result=result, work=work)


def _order(command: commands.OrderGenerations, streams: Streams, now: datetime) -> Decision:
    desk = Desk.among(streams, command.account_id, now=now)
    desk.record(
        events.GenerationsOrdered,
        now=now,
        order_id=command.order_id,
        what=command.what,
        charge=command.charge,
        generation_ids=list(command.generation_ids),
        reason=command.reason,
    )
    result = {
        "order_id": str(command.order_id),
        "what": command.what,
        "charge": command.charge,
        "generation_ids": [str(each) for each in command.generation_ids],
        "more": command.more,
    }
    return Decision(account_id=command.account_id, saved=[desk], result=result)


def _needs_repeated(command: commands.RepeatGeneration) -> Sequence[Need]:
    return [Need(Generation, command.retry_of), Need(CreditAccount, credit_stream(command.account_id))]


def _repeat(command: commands.RepeatGeneration, streams: Streams, now: datetime) -> Decision:
    """By the model that had it last and at its rate, with as much time as it had, beginning now."""
    first = Generation.of(streams, command.retry_of, command.account_id)
    first.repeat(command.generation_id, charge=command.charge, now=now)
    credits = CreditAccount.among(streams, command.account_id)
    request = _request_of(command, first, now)
    missing = request.quoted - _left_of_gifts(credits, now)
    if command.charge == "house" and missing > 0:
        credits.grant(command.grant_id, source="goodwill", amount=missing, priority=HOUSE_PRIORITY, expires_at=None, reason=None, now=now)
    again = held(request, credits, now)
    result = {"generation_id": str(command.generation_id)}
    return Decision(account_id=command.account_id, saved=[first, credits, again], result=result, work=[work_of(request)])


def _left_of_gifts(credits: CreditAccount, now: datetime) -> int:
    """What earlier retries on the house did not need, or gave back when they failed too: the next one is paid out of it first."""
    grants = credits.grants.values()
    gifts = [grant for grant in grants if grant["source"] == "goodwill" and grant["priority"] == HOUSE_PRIORITY and alive(grant, now)]
    return sum(grant["free"] for grant in gifts)


def _request_of(command: commands.RepeatGeneration, first: Generation, now: datetime) -> RequestGeneration:
    begun = first.run_at or first.created_on
    values: dict[str, Any] = {name: getattr(first, name) for name in _SAME}
    values |= {
        "generation_id": command.generation_id,
        "retry_of": command.retry_of,
        "batch_id": None,
        "schedule_id": None,
        "run_at": None,
        "start_deadline": None if first.start_deadline is None else now + (first.start_deadline - begun),
        "deadline": now + (first.deadline - begun),
        "free_tier": command.free_tier,
    }
    return RequestGeneration(**values)


HANDLERS: dict[type[Command], Handler] = {
    commands.DrainWorker: Handler(_needs, _drain),
    commands.OrderGenerations: Handler(_needs, _order),
    commands.PauseQueue: Handler(_needs, _pause),
    commands.RepeatGeneration: Handler(_needs_repeated, _repeat),
    commands.ResumeQueue: Handler(_needs, _resume),
}
