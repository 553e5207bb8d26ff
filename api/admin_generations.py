"""Operators and everybody's generations: find them, see what they fail of, and have several retried or canceled at once.

An order is a fact with its operator and his reason. Each of its generations is then changed by a command of its own that is
fixed by the order, so a repeated request finishes what was left and does nothing twice.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.listing import page_of
from api.reasons import sealed_reason
from api.shapes import admin_generations as shapes
from domain.generations.commands import CancelGeneration
from domain.generations.generation import Generation
from domain.generations.refusals import GenerationNotFound, ModelRetired
from domain.kernel.commands import Command, Context, Receipt
from domain.kernel.ids import command_of_cause
from domain.kernel.refusals import Refusal
from domain.operators.commands import OrderGenerations, RepeatGeneration
from domain.operators.refusals import OrderRefused
from projections.generations.everybodys import failures_by_fingerprint, page_of_everybodys

#: What an order is about when its filter names no status.
_FAILED = ("failed",)
_OPEN = ("queued", "running", "scheduled")


async def generations(call: Call, query: shapes.AdminGenerationQuery) -> Answer:
    """Everybody's generations, newest first, without what their owners wrote."""
    ends = [moment for moment in (query.created_to, query.older_than) if moment is not None]
    filters = {**_selected(query), "fingerprint": query.fingerprint, "created_to": min(ends) if ends else None}
    return await page_of(call, query, page_of_everybodys, shapes.shown_admin_generation, **filters)


async def failures(call: Call, query: shapes.FailureQuery) -> Answer:
    """What failed and was not asked for once more, grouped by what it failed of."""
    async with call.platform.reads.connection() as connection:
        groups = await failures_by_fingerprint(connection, since=call.now - timedelta(days=query.days), limit=query.limit)
    return ok(shapes.AllFailures(data=[shapes.shown_failures(each) for each in groups], next_cursor=None))


async def retry(call: Call, body: shapes.NewRetry) -> Answer:
    """Ask once more for what failed or was canceled: each a new generation with `retry_of` and a hold of its own."""
    more = {"fingerprint": body.filter.fingerprint, "unrepeated": True} if body.filter else {}
    return await _ordered(call, "retry", body, charge=body.charge, statuses=_FAILED, **more)


async def cancel(call: Call, body: shapes.NewCancel) -> Answer:
    """Cancel what has not ended. What runs is asked to stop."""
    return await _ordered(call, "cancel", body, charge=None, statuses=_OPEN)


async def carried_out(call: Call, receipt: Receipt) -> Answer:
    """Do what the order says and was not done yet; then say what became of each."""
    order = receipt.result
    ids = [UUID(each) for each in order["generation_ids"]]
    carry_out = _retry_one if order["what"] == "retry" else _cancel_one
    items = list(await asyncio.gather(*(carry_out(call, each, order, receipt.position) for each in ids)))
    done = [item for item in items if item.outcome in ("canceled", "cancel_requested", "retried")]
    shape = shapes.Order(
        order_id=order["order_id"],
        what=order["what"],
        dry_run=False,
        matched=len(items),
        done=len(done),
        more=order["more"],
        items=items,
    )
    return ok(shape)


async def _ordered(
    call: Call,
    what: Literal["cancel", "retry"],
    body: shapes.NewRetry | shapes.NewCancel,
    *,
    charge: str | None,
    statuses: Sequence[str],
    **filters: Any,
) -> Answer:
    if (body.ids is None) == (body.filter is None):
        raise OrderRefused(errors=[("/ids", "give either ids or a filter"), ("/filter", "give either ids or a filter")])
    ids = list(dict.fromkeys(UUID(each) for each in body.ids or ()))
    more = False
    if body.filter is not None:
        values = {**_selected(body.filter), **filters, "created_to": body.filter.older_than}
        values["statuses"] = values["statuses"] or statuses
        async with call.platform.reads.connection() as connection:
            # The oldest first: they wait for longest.
            rows = await page_of_everybodys(connection, order="asc", limit=body.limit + 1, **values)
        ids, more = [row.id for row in rows[: body.limit]], len(rows) > body.limit
    if body.dry_run:
        items = [shapes.OrderItem(generation_id=str(each), outcome="matched", detail=None, again=None) for each in ids]
        return ok(shapes.Order(order_id=None, what=what, dry_run=True, matched=len(ids), done=0, more=more, items=items))
    command = OrderGenerations(
        account_id=call.account_id,
        order_id=call.platform.ids.new(),
        what=what,
        charge=charge,
        generation_ids=ids,
        more=more,
        reason=await sealed_reason(call, call.account_id, body.reason),
    )
    return await call.execute(command, status=200)


async def _retry_one(call: Call, generation_id: UUID, order: dict[str, Any], position: int) -> shapes.OrderItem:
    ids = call.platform.ids
    try:
        first = await _known(call, generation_id)
        model = call.platform.catalogue.model(first.kind, first.model)
        if model.retires_at is not None and model.retires_at <= call.now.date():
            raise ModelRetired(model=model.id, replacement=model.replacement, errors=[])
        command = RepeatGeneration(
            generation_id=ids.new(),
            account_id=first.account_id,
            retry_of=generation_id,
            charge=order["charge"],
            grant_id=ids.new(),
            free_tier=model.free_tier or first.own_key,
        )
        receipt = await _execute(call, command, order, generation_id, position)
    except Refusal as refusal:
        return _refused(generation_id, refusal)
    return shapes.OrderItem(generation_id=str(generation_id), outcome="retried", detail=None, again=receipt.result["generation_id"])


async def _cancel_one(call: Call, generation_id: UUID, order: dict[str, Any], position: int) -> shapes.OrderItem:
    try:
        first = await _known(call, generation_id)
        command = CancelGeneration(generation_id=generation_id, account_id=first.account_id, actor="operator")
        receipt = await _execute(call, command, order, generation_id, position)
        after = await call.platform.journal.load(Generation, generation_id, until=receipt.position or None)
    except Refusal as refusal:
        return _refused(generation_id, refusal)
    outcome = "canceled" if after is not None and after.status == "canceled" else "cancel_requested"
    return shapes.OrderItem(generation_id=str(generation_id), outcome=outcome, detail=None, again=None)


async def _execute(call: Call, command: Command, order: dict[str, Any], generation_id: UUID, position: int) -> Receipt:
    context = Context(
        actor=f"account:{call.account}",
        now=call.now,
        command_id=command_of_cause(f"order:{order['order_id']}:{generation_id}"),
        correlation=call.request_id,
        causation=position,
    )
    return await call.platform.journal.execute(command, context)


async def _known(call: Call, generation_id: UUID) -> Generation:
    found = await call.platform.journal.load(Generation, generation_id)
    if found is None or found.deleted:
        raise GenerationNotFound()
    return found


def _refused(generation_id: UUID, refusal: Refusal) -> shapes.OrderItem:
    return shapes.OrderItem(generation_id=str(generation_id), outcome=refusal.code, detail=str(refusal), again=None)


def _selected(query: shapes.AdminGenerationQuery | shapes.CancelSelection | shapes.RetrySelection) -> dict[str, Any]:
    """What a list and an order select by."""
    return {
        "account_id": None if query.account is None else UUID(query.account),
        "statuses": query.status,
        "kinds": query.kind,
        "models": query.model,
        "providers": query.provider,
        "error_codes": query.error,
    }
