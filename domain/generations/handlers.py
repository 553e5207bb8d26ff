"""Each command of a generation: its streams, and what it decides. Work rows change in the same commit as the state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.assets.asset import Asset
from domain.credits.credit_account import CreditAccount
from domain.credits.refusals import InsufficientCredits
from domain.generations import commands
from domain.generations.events import Paid
from domain.generations.generation import Generation
from domain.kernel.commands import (
    CancelWork,
    CloseWork,
    Command,
    Decision,
    Handler,
    Need,
    OpenWork,
    ParkWork,
    RequeueWork,
    RerouteWork,
    Streams,
)
from domain.kernel.ids import credit_stream, text_of

PRIORITIES = {"low": -1, "normal": 0, "high": 1}
#: The number of a generation's first attempt.
FIRST_ATTEMPT = 1


def _needs_generation(command: Any) -> Sequence[Need]:
    return [Need(Generation, command.generation_id)]


def _needs_both(command: Any) -> Sequence[Need]:
    return [Need(Generation, command.generation_id), Need(CreditAccount, credit_stream(command.account_id))]


def _request(command: commands.RequestGeneration, streams: Streams, now: datetime) -> Decision:
    credits = CreditAccount.among(streams, command.account_id)
    generation = held(command, credits, now)
    result = {"generation_id": text_of(command.generation_id)}
    # The generation's fact comes last: the command's position is then its own, and the answer needs no look into the log.
    work = [work_of(command)]
    return Decision(account_id=command.account_id, saved=[credits, generation], result=result, work=work, beside=credits.beside())


def _request_batch(command: commands.RequestBatch, streams: Streams, now: datetime) -> Decision:
    credits = CreditAccount.among(streams, command.account_id)
    generations = _held_together(command, credits, now)
    result = {"batch_id": str(command.batch_id), "generation_ids": [str(each.generation_id) for each in command.generations]}
    work = [work_of(each) for each in command.generations]
    saved = [credits, *generations]
    return Decision(account_id=command.account_id, saved=saved, result=result, work=work, beside=credits.beside())


def held(command: commands.RequestGeneration, credits: CreditAccount, now: datetime) -> Generation:
    credits.hold(command.generation_id, amount=command.quoted, kind=command.kind, free_tier=command.free_tier, now=now)
    return Generation.request(command, now=now)


def work_of(command: commands.RequestGeneration) -> OpenWork:
    return OpenWork(
        generation_id=command.generation_id,
        account_id=command.account_id,
        queue=command.queue,
        model=command.model,
        provider=command.provider,
        priority=PRIORITIES[command.priority],
        run_at=command.run_at,
        start_deadline=command.start_deadline,
        deadline=command.deadline,
    )


def _held_together(command: commands.RequestBatch, credits: CreditAccount, now: datetime) -> list[Generation]:
    """Raises InsufficientCredits, which says what all of them cost."""
    generations: list[Generation] = []
    for each in command.generations:
        try:
            generations.append(held(each, credits, now))
        except InsufficientCredits as refusal:
            required = sum(asked.quoted for asked in command.generations)
            available = refusal.fields["available"] + sum(before.quoted for before in command.generations[: len(generations)])
            raise InsufficientCredits(required=required, available=available, missing=required - available) from None
    return generations


def _queue(command: commands.QueueGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, None)
    work = [RequeueWork(generation_id=command.generation_id, run_at=None)] if generation.enqueue(now=now) else []
    return Decision(account_id=generation.account_id, saved=[generation], work=work)


def _start(command: commands.StartGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, None)
    if command.began_at is not None:
        generation.check_next(FIRST_ATTEMPT)
    taken_over = generation.status == "running"
    generation.start(worker=command.worker, now=command.began_at or now)
    result = {
        "attempt": generation.attempt,
        "attempts": generation.attempts,
        "cancel_requested": generation.cancel_requested_at is not None,
    }
    if taken_over:
        # Whoever ran it before was lost in the middle of it.
        result["taken_over"] = True
    return Decision(account_id=generation.account_id, saved=[generation], result=result)


def _succeed(command: commands.SucceedGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    charged, made = min(command.price, generation.quoted), [asset.asset_id for asset in command.assets]
    if generation.ended_just_so("succeeded", attempt=command.attempt, charged=charged, asset_ids=made):
        return _repeated(command, generation)
    check = generation.check_attempt if command.began_at is None else generation.check_next
    check(command.attempt)
    credits = CreditAccount.among(streams, command.account_id)
    assets = [
        Asset.store(asset, account_id=command.account_id, source="generation", generation_id=command.generation_id, now=now)
        for asset in command.assets
    ]
    charged, paid_by = _settle(generation, credits, command.price, now)
    if command.began_at is not None:
        generation.start(worker=command.worker, now=command.began_at)
    generation.succeed(
        attempt=command.attempt,
        asset_ids=made,
        charged=charged,
        usage=command.usage,
        paid_by=paid_by,
        sealed_output=command.sealed_output,
        now=now,
    )
    return _ended(command, [generation, *assets], credits)


def _fail(command: commands.FailGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    said = {"code": command.code, "message": command.message, "retryable": command.retryable}
    if generation.ended_just_so("failed", error=said):
        return _repeated(command, generation)
    if command.attempt is not None:
        generation.check_attempt(command.attempt)
    credits = CreditAccount.among(streams, command.account_id)
    generation.fail(code=command.code, message=command.message, retryable=command.retryable, now=now)
    _release(generation, credits, now)
    return _ended(command, [generation], credits)


def _retry(command: commands.RetryGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    generation.check_attempt(command.attempt)
    if generation.cancel_requested_at is not None:
        return _end_as_canceled(command, generation, streams, now=now)
    generation.retry(command, now=now)
    requeued = RequeueWork(generation_id=command.generation_id, run_at=command.run_at)
    if command.model is None or command.provider is None:
        return Decision(account_id=command.account_id, saved=[generation], work=[requeued])
    rerouted = RerouteWork(generation_id=command.generation_id, model=command.model, provider=command.provider)
    return Decision(account_id=command.account_id, saved=[generation], work=[rerouted, requeued])


def _submit(command: commands.SubmitGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    generation.intend_submit(attempt=command.attempt, submit=command.submit, now=now)
    return Decision(account_id=command.account_id, saved=[generation])


def _park(command: commands.ParkGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    generation.park(attempt=command.attempt, submit=command.submit, sealed_job=command.sealed_job, now=now)
    # Whoever asked to stop it meanwhile is heard at once.
    poll_at = now if generation.cancel_requested_at else command.poll_at
    work = [ParkWork(generation_id=command.generation_id, poll_at=poll_at)]
    return Decision(account_id=command.account_id, saved=[generation], work=work)


def _cancel(command: commands.CancelGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    result = {"generation_id": str(command.generation_id)}
    if generation.status == "canceled":
        return Decision(account_id=command.account_id, saved=[generation], result=result)
    if generation.status == "running":
        generation.request_cancel(actor=command.actor, now=now)
        work = [CancelWork(generation_id=command.generation_id)]
        return Decision(account_id=command.account_id, saved=[generation], result=result, work=work)
    credits = CreditAccount.among(streams, command.account_id)
    generation.cancel(actor=command.actor, now=now)
    _release(generation, credits, now)
    return _ended(command, [generation], credits)


def _finish_cancel(command: commands.FinishCancel, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    if generation.ended_just_so("canceled", attempt=command.attempt, charged=_price_of_cancel(generation, command.delivered_price)):
        return _repeated(command, generation)
    generation.check_attempt(command.attempt)
    return _end_as_canceled(command, generation, streams, now=now)


def _expire(command: commands.ExpireGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    limit = generation.start_deadline if command.which == "start_deadline" else generation.deadline
    started_in_time = command.which == "start_deadline" and generation.attempt > 0
    if generation.final or started_in_time or limit is None or limit > now:
        return Decision(account_id=command.account_id, saved=[generation])
    if command.attempt is not None:
        generation.check_attempt(command.attempt)
    credits = CreditAccount.among(streams, command.account_id)
    sentence = "No worker began before start_deadline." if command.which == "start_deadline" else "The deadline has passed."
    # As after a cancel, but what never began is free whatever the model says.
    price = _price_of_cancel(generation, command.delivered_price) if command.delivered_price else 0
    delivered = _delivered(command, generation, credits, price, now)
    generation.fail(code="deadline_exceeded", message=sentence, retryable=True, now=now, **delivered)
    return _ended(command, [generation], credits)


def _delete(command: commands.DeleteGeneration, streams: Streams, now: datetime) -> Decision:
    generation = Generation.of(streams, command.generation_id, command.account_id)
    generation.delete(now=now)
    assets = [asset for asset_id in generation.asset_ids if (asset := streams.get(Asset, asset_id)) and not asset.deleted]
    for asset in assets:
        asset.delete(now=now)
    return Decision(account_id=command.account_id, saved=[generation, *assets])


def _end_as_canceled(
    command: commands.FinishCancel | commands.RetryGeneration,
    generation: Generation,
    streams: Streams,
    *,
    now: datetime,
) -> Decision:
    """What the caller could already fetch is charged, as the model's `on_cancel` in the quote says."""
    credits = CreditAccount.among(streams, command.account_id)
    price = _price_of_cancel(generation, getattr(command, "delivered_price", 0))
    generation.cancel(actor="worker", now=now, **_delivered(command, generation, credits, price, now))
    return _ended(command, [generation], credits)


def _delivered(command: Any, generation: Generation, credits: CreditAccount, price: int, now: datetime) -> dict[str, Any]:
    """Settle what the caller has; the rest of the hold goes back."""
    charged, paid_by = _settle(generation, credits, price, now)
    usage, sealed_output = getattr(command, "usage", {}), getattr(command, "sealed_output", None)
    return {"charged": charged, "paid_by": paid_by, "usage": usage, "sealed_output": sealed_output}


def _price_of_cancel(generation: Generation, delivered_price: int) -> int:
    return min(generation.quoted, {"free": 0, "delivered": delivered_price, "full": generation.quoted}[generation.on_cancel])


def _settle(generation: Generation, credits: CreditAccount, price: int, now: datetime) -> tuple[int, list[Paid]]:
    """Capture *price* out of the hold, at most the hold; a free generation has none."""
    if generation.quoted == 0:
        return 0, []
    hold = credits.holds.get(str(generation.id), {"parts": []})
    # Expiries are read before the capture, which forgets grants that are spent.
    expiries = {key: credits.grants[key]["expires_at"] for key, _ in hold["parts"]}
    parts = credits.capture(generation.id, charged=price, now=now)
    return sum(part.amount for part in parts), [Paid(part.grant_id, part.amount, expiries[str(part.grant_id)]) for part in parts]


def _release(generation: Generation, credits: CreditAccount, now: datetime) -> None:
    if generation.quoted:
        credits.release(generation.id, now=now)


def _ended(command: Any, saved: list[Any], credits: CreditAccount) -> Decision:
    generation_id = command.generation_id
    return Decision(
        account_id=command.account_id,
        saved=[*saved, credits],
        result={"generation_id": str(generation_id)},
        work=[CloseWork(generation_id=generation_id)],
        beside=credits.beside(),
    )


def _repeated(command: Any, generation: Generation) -> Decision:
    return Decision(account_id=command.account_id, saved=[generation], result={"generation_id": str(command.generation_id)})


HANDLERS: dict[type[Command], Handler] = {
    commands.CancelGeneration: Handler(_needs_both, _cancel),
    commands.DeleteGeneration: Handler(lambda c: [*_needs_generation(c), *(Need(Asset, i) for i in c.asset_ids)], _delete),
    commands.ExpireGeneration: Handler(_needs_both, _expire),
    commands.FailGeneration: Handler(_needs_both, _fail),
    commands.FinishCancel: Handler(_needs_both, _finish_cancel),
    commands.ParkGeneration: Handler(_needs_generation, _park),
    commands.QueueGeneration: Handler(_needs_generation, _queue),
    commands.RequestBatch: Handler(lambda c: [Need(CreditAccount, credit_stream(c.account_id))], _request_batch),
    commands.RequestGeneration: Handler(lambda c: [Need(CreditAccount, credit_stream(c.account_id))], _request),
    commands.RetryGeneration: Handler(_needs_both, _retry),
    commands.StartGeneration: Handler(_needs_generation, _start),
    commands.SubmitGeneration: Handler(_needs_generation, _submit),
    commands.SucceedGeneration: Handler(_needs_both, _succeed),
}
