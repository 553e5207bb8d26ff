"""Generations: ask for one, see what it would cost, read, wait, cancel, delete."""

from collections.abc import Sequence
from uuid import UUID

from api.kit.answer import Answer, accepted, no_content, ok
from api.kit.call import Call
from api.listing import page_of_all
from api.moving import show_progress
from api.reading import folded_generation, own_generation, read_generation, shown
from api.shapes.generations import Generation
from api.shapes.submissions import Estimate, GenerationQuery, Submission, Timeline
from api.submitting import checked, requested
from api.timeline import shown_event
from api.waiting import applied, final_in_time
from domain.generations.commands import CancelGeneration, DeleteGeneration
from domain.kernel.commands import Receipt
from domain.kernel.ids import id_of
from projections.assets.assets import assets_of
from projections.generations.generations import page_of_generations
from projections.generations.rows import GenerationRow

PATH = "/v1/generations/{id}"


async def submit(call: Call, body: Submission) -> Answer:
    """Ask for a generation.

    Its credits are held and it will reach a final state: that is what 202 means. With `Prefer: wait=N` the answer is 201 when it
    is final in time, whatever the outcome.
    """
    answer = await call.execute(await requested(call, body), status=202)
    if call.prefer_wait is None:
        return answer
    generation_id = UUID(answer.body.id)
    if not await final_in_time(call, generation_id):
        return answer
    answer.status = 200 if call.replayed else 201
    answer.body = await folded_generation(call, generation_id)
    answer.headers = applied(call)
    return answer


async def submitted(call: Call, receipt: Receipt) -> Answer:
    """As it was when it was accepted."""
    generation_id: str = receipt.result["generation_id"]
    body = await folded_generation(call, id_of(generation_id), until=receipt.position)
    return accepted(body, PATH.format(id=generation_id))


async def estimate(call: Call, body: Submission) -> Answer:
    """What a generation would cost at most. It takes what a submission takes, and refuses the same; nothing is held."""
    _, fitting = await checked(call, body)
    model = fitting.model
    return ok(
        Estimate(
            kind=model.kind,
            model=model.id,
            provider=model.provider,
            params=dict(sorted(fitting.params.items())),
            credits=fitting.quoted,
            price_version=call.platform.catalogue.price_version,
            on_cancel=model.on_cancel,
        )
    )


async def listed(call: Call, query: GenerationQuery) -> Answer:
    """Your generations, newest first."""
    key = await call.platform.vault.key(call.account_id)

    async def show_all(rows: Sequence[GenerationRow]) -> list[Generation]:
        async with call.platform.reads.connection() as connection:
            assets = await assets_of(connection, [asset_id for row in rows for asset_id in row.asset_ids])
        data = [await shown(call, row, assets) for row in rows]
        await show_progress(call, data)
        return data

    return await page_of_all(
        call,
        query,
        page_of_generations,
        show_all,
        account_id=call.account_id,
        statuses=query.status,
        kinds=query.kind,
        models=query.model,
        tags=[key.index(tag) for tag in query.tag],
    )


async def show(call: Call, id: UUID) -> Answer:
    """One generation. With `Prefer: wait=N` the answer waits for its final state."""
    if call.prefer_wait is None:
        return ok(await _placed(call, await read_generation(call, id)))
    await own_generation(call, id)
    await final_in_time(call, id)
    answer = ok(await _placed(call, await folded_generation(call, id)))
    answer.headers = applied(call)
    return answer


async def _placed(call: Call, shown: Generation) -> Generation:
    """With its place in the queue, or how far it is."""
    if shown.status == "queued":
        shown.queue_position = await call.platform.queues.position(UUID(shown.id))
    await show_progress(call, [shown])
    return shown


async def timeline(call: Call, id: UUID) -> Answer:
    """Everything durable that happened to a generation, oldest first."""
    await own_generation(call, id)
    events = await call.platform.journal.stream(id)
    return ok(Timeline(data=[shown_event(event) for event in events], next_cursor=None))


async def cancel(call: Call, id: UUID) -> Answer:
    """Cancel a generation.

    200 when it had not begun: it is canceled and its credits are free again. 202 when it runs: its worker has been asked to stop.
    """
    command = CancelGeneration(generation_id=id, account_id=call.account_id, actor="owner")
    return await call.execute(command, status=None)


async def canceled(call: Call, receipt: Receipt) -> Answer:
    """200 when it has ended, 202 when it will."""
    generation_id = UUID(receipt.result["generation_id"])
    body = await folded_generation(call, generation_id, until=receipt.position)
    return ok(body) if body.status == "canceled" else accepted(body, PATH.format(id=generation_id))


async def delete(call: Call, id: UUID) -> Answer:
    """Delete a final generation and its assets. What was charged stays in the book."""
    generation = await own_generation(call, id)
    command = DeleteGeneration(generation_id=id, account_id=call.account_id, asset_ids=generation.asset_ids)
    return await call.execute(command, status=204, render=_deleted)


async def _deleted(call: Call, receipt: Receipt) -> Answer:
    return no_content()
