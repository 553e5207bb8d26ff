"""Operators and the fleet: queues, workers, everybody's generations."""

from uuid import UUID

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.refusals import NotFound
from api.listing import page_of
from api.shapes.admin import (
    AdminGenerationQuery,
    AllQueues,
    AllWorkers,
    shown_admin_generation,
    shown_queue,
    shown_worker,
)
from projections.generations.generations import page_of_generations


async def queues(call: Call) -> Answer:
    """Every queue: what waits, for how long, and what runs."""
    states = await call.platform.queues.states(call.platform.catalogue.kinds())
    return ok(AllQueues(data=[shown_queue(state) for state in states], next_cursor=None))


async def pause(call: Call, name: str) -> Answer:
    """Nothing of the queue begins any more; what runs, runs on, and start deadlines stand still."""
    await _check_queue(call, name)
    await call.platform.queues.pause(name)
    return await _queue(call, name)


async def resume(call: Call, name: str) -> Answer:
    """End a pause. Start deadlines move on by its length."""
    await _check_queue(call, name)
    await call.platform.queues.resume(name)
    return await _queue(call, name)


async def workers(call: Call) -> Answer:
    """The worker processes that reported within the last minute."""
    states = await call.platform.queues.workers()
    return ok(AllWorkers(data=[shown_worker(state) for state in states], next_cursor=None))


async def drain(call: Call, id: UUID) -> Answer:
    """Ask a worker to finish what it has and to end. Under `daybook up` another begins in its place."""
    asked = await call.platform.queues.drain(id)
    found = [state for state in await call.platform.queues.workers() if state.worker == id]
    if not (asked and found):
        raise NotFound()
    return ok(shown_worker(found[0]))


async def generations(call: Call, query: AdminGenerationQuery) -> Answer:
    """Everybody's generations, newest first, without what their owners wrote."""
    ends = [moment for moment in (query.created_to, query.older_than) if moment is not None]
    return await page_of(
        call,
        query,
        page_of_generations,
        shown_admin_generation,
        account_id=None if query.account is None else UUID(query.account),
        statuses=query.status,
        kinds=query.kind,
        models=query.model,
        error_codes=query.error,
        created_to=min(ends) if ends else None,
    )


async def _check_queue(call: Call, name: str) -> None:
    """Raises NotFound: a slip of the pen must not pause a queue that nobody has."""
    states = await call.platform.queues.states(call.platform.catalogue.kinds())
    if name not in {state.queue for state in states}:
        raise NotFound()


async def _queue(call: Call, name: str) -> Answer:
    states = await call.platform.queues.states(call.platform.catalogue.kinds())
    return ok(next(shown_queue(state) for state in states if state.queue == name))
