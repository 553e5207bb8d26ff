"""Operators and the fleet: queues, workers, providers, deliveries. What they order is a fact with its reason."""

from collections import defaultdict
from uuid import UUID

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.refusals import NotFound
from api.kit.shapes import moment
from api.reasons import sealed_reason
from api.shapes import admin_fleet as shapes
from domain.dispatch.ports import ProviderState, QueueState, WorkerState
from domain.kernel.commands import Receipt
from domain.operators.commands import DrainWorker, PauseQueue, ResumeQueue
from projections.generations.everybodys import Ended, ended_lately

RATE_SECONDS = 60


async def queues(call: Call) -> Answer:
    """Every queue: what waits, for how long, what runs, and how much ends in a minute."""
    states = await call.platform.queues.states(call.platform.catalogue.kinds())
    return ok(shapes.AllQueues(data=await _with_rates(call, states), next_cursor=None))


async def scale(call: Call, name: str, query: shapes.ScaleQuery) -> Answer:
    """How much a queue has to do, as plain numbers: for autoscalers, such as KEDA's `metrics-api`."""
    state, workers = await _state_of(call, name), await call.platform.queues.workers()
    serving = [each for each in workers if each.alive and not each.draining and name in each.queues]
    at_work = state.running - state.parked
    todo = at_work if state.paused else at_work + state.ready
    shape = shapes.QueueScale(
        ready=state.ready,
        running=state.running,
        parked=state.parked,
        oldest_ready_seconds=state.oldest_ready_seconds or 0.0,
        workers=len(serving),
        wanted_workers=-(-todo // query.slots),
    )
    return ok(shape)


async def pause(call: Call, name: str, body: shapes.FleetOrder | None) -> Answer:
    """Nothing of the queue begins any more; what runs, runs on, and start deadlines stand still."""
    await _state_of(call, name)
    reason = await _sealed_reason(call, body)
    return await call.execute(PauseQueue(account_id=call.account_id, queue=name, reason=reason), status=200)


async def resume(call: Call, name: str, body: shapes.FleetOrder | None) -> Answer:
    """End a pause. Start deadlines move on by its length."""
    await _state_of(call, name)
    reason = await _sealed_reason(call, body)
    return await call.execute(ResumeQueue(account_id=call.account_id, queue=name, reason=reason), status=200)


async def changed(call: Call, receipt: Receipt) -> Answer:
    """The queue as it is now."""
    return ok((await _with_rates(call, [await _state_of(call, receipt.result["queue"])]))[0])


async def workers(call: Call) -> Answer:
    """The worker processes that reported within the last minute."""
    states = await call.platform.queues.workers()
    return ok(shapes.AllWorkers(data=[shapes.shown_worker(state) for state in states], next_cursor=None))


async def drain(call: Call, id: UUID, body: shapes.FleetOrder | None) -> Answer:
    """Ask a worker to finish what it has and to end. Under `daybook up` another begins in its place."""
    await _worker(call, id)
    reason = await _sealed_reason(call, body)
    return await call.execute(DrainWorker(account_id=call.account_id, worker=id, reason=reason), status=200)


async def drained(call: Call, receipt: Receipt) -> Answer:
    """The worker as it is now."""
    return ok(shapes.shown_worker(await _worker(call, UUID(receipt.result["worker"]))))


async def providers(call: Call, query: shapes.ProviderQuery) -> Answer:
    """How each provider does: what ended lately and how, and whether it is left alone after failures in a row."""
    async with call.platform.reads.connection() as connection:
        lately = await ended_lately(connection, seconds=query.seconds)
    models: dict[str, int] = defaultdict(int)
    for model in call.platform.catalogue.models:
        models[model.provider] += 1
    states = {state.provider: state for state in await call.platform.health.states()}
    names = sorted(models.keys() | states.keys())
    data = [
        _provider(name, models[name], states.get(name), [each for each in lately if each.provider == name], query.seconds) for name in names
    ]
    return ok(shapes.AllProviders(data=data, next_cursor=None))


async def deliveries(call: Call, query: shapes.AdminDeliveryQuery) -> Answer:
    """Everybody's webhook deliveries, newest first: how they went, but not where to."""
    paging = {
        "created_from": query.created_from,
        "created_to": query.created_to,
        "order": query.order,
        "limit": query.limit + 1,
        "after_position": call.after[0] if call.after else None,
    }
    account_id = None if query.account is None else UUID(query.account)
    rows = await call.platform.delivery_log.everybodys(account_id=account_id, states=query.state, paging=paging)
    more, rows = rows[query.limit :], rows[: query.limit]
    return call.page([shapes.shown_admin_delivery(row) for row in rows], next_key=[rows[-1].number] if more else None)


async def _state_of(call: Call, name: str) -> QueueState:
    """Raises NotFound: a slip of the pen must not pause a queue that nobody has."""
    for state in await call.platform.queues.states(call.platform.catalogue.kinds()):
        if state.queue == name:
            return state
    raise NotFound()


async def _worker(call: Call, worker: UUID) -> WorkerState:
    """Raises NotFound."""
    for state in await call.platform.queues.workers():
        if state.worker == worker:
            return state
    raise NotFound()


async def _with_rates(call: Call, states: list[QueueState]) -> list[shapes.Queue]:
    async with call.platform.reads.connection() as connection:
        lately = await ended_lately(connection, seconds=RATE_SECONDS)
    return [shapes.shown_queue(state, _per_minute([each for each in lately if each.queue == state.queue])) for state in states]


def _per_minute(lately: list[Ended]) -> float:
    ended = [each for each in lately if each.outcome != "retrying"]
    return round(sum(each.count for each in ended) * 60 / max(ended[0].seconds, 0.001), 1) if ended else 0.0


def _provider(name: str, models: int, state: ProviderState | None, lately: list[Ended], seconds: float) -> shapes.Provider:
    errors: dict[str, int] = defaultdict(int)
    for each in lately:
        if each.code is not None:
            errors[each.code] += each.count
    succeeded = [each for each in lately if each.outcome == "succeeded"]
    # Of several queues, the one with the most.
    times = max(succeeded, key=lambda each: each.count, default=None)
    return shapes.Provider(
        name=name,
        models=models,
        circuit=state.circuit if state else "closed",  # type: ignore[arg-type]
        failures_in_a_row=state.failures if state else 0,
        last_error=state.code if state else None,
        last_failed_at=moment(state.failed_at) if state else None,
        last_succeeded_at=moment(state.succeeded_at) if state else None,
        open_until=moment(state.open_until) if state else None,
        window_seconds=round(lately[0].seconds if lately else seconds, 1),
        succeeded=sum(each.count for each in succeeded),
        failed=sum(errors.values()),
        errors=[shapes.ProviderErrors(code=code, count=count) for code, count in sorted(errors.items())],
        ms_p50=times.ms_p50 if times else None,
        ms_p95=times.ms_p95 if times else None,
    )


async def _sealed_reason(call: Call, order: shapes.FleetOrder | None) -> str:
    return await sealed_reason(call, call.account_id, order.reason if order else shapes.UNSTATED)
