"""Operators and the book: grants and refunds. Nothing is ever changed, only added."""

from uuid import UUID

from api.kit.answer import Answer, created
from api.kit.call import Call
from api.kit.shapes import moment
from api.reasons import opened_reason, sealed_reason
from api.shapes.admin import Grant, NewGrant, NewRefund, Refund
from domain.accounts.refusals import ExpiryPassed
from domain.credits.commands import GrantCredits, RefundCharge
from domain.credits.events import CreditsGranted
from domain.generations.generation import Generation
from domain.generations.refusals import GenerationNotFound
from domain.kernel.commands import Receipt
from domain.ports import Recorded


async def grant(call: Call, id: UUID, body: NewGrant) -> Answer:
    """Grant credits to an account."""
    if body.expires_at is not None and body.expires_at <= call.now:
        raise ExpiryPassed(errors=[("/expires_at", "must be in the future")])
    command = GrantCredits(
        account_id=id,
        grant_id=call.platform.ids.new(),
        source=body.source,
        amount=body.amount,
        priority=body.priority,
        expires_at=body.expires_at,
        reason=await sealed_reason(call, id, body.reason),
    )
    return await call.execute(command, status=201)


async def granted(call: Call, receipt: Receipt) -> Answer:
    event, fact = await _granted_at(call, receipt)
    shape = Grant(
        id=str(fact.grant_id),
        account_id=str(event.account_id),
        amount=fact.amount,
        source=fact.source,
        priority=fact.priority,
        expires_at=moment(fact.expires_at),
        reason=await opened_reason(call, event.account_id, fact.reason),
        created_at=moment(fact.timestamp),
        position=event.position,
    )
    return created(shape, f"/v1/admin/accounts/{event.account_id}")


async def refund(call: Call, id: UUID, body: NewRefund) -> Answer:
    """Give back a charge, or part of it. The id of a charge is its generation's."""
    generation = await call.platform.journal.load(Generation, id)
    if generation is None:
        raise GenerationNotFound()
    command = RefundCharge(
        account_id=generation.account_id,
        generation_id=id,
        refund_id=call.platform.ids.new(),
        amount=body.amount,
        reason=await sealed_reason(call, generation.account_id, body.reason),
    )
    return await call.execute(command, status=201)


async def refunded(call: Call, receipt: Receipt) -> Answer:
    event, fact = await _granted_at(call, receipt)
    shape = Refund(
        id=str(fact.refund_id),
        account_id=str(event.account_id),
        charge_id=str(fact.charge_id),
        generation_id=str(fact.charge_id),
        grant_id=str(fact.grant_id),
        amount=fact.amount,
        expires_at=moment(fact.expires_at),
        reason=await opened_reason(call, event.account_id, fact.reason),
        created_at=moment(fact.timestamp),
        position=event.position,
    )
    return created(shape, f"/v1/admin/accounts/{event.account_id}")


async def _granted_at(call: Call, receipt: Receipt) -> tuple[Recorded, CreditsGranted]:
    """The grant is the last fact of both commands, so it stands at their position."""
    (event,) = await call.platform.journal.read(receipt.position - 1, 1)
    assert isinstance(event.fact, CreditsGranted), "both commands end with their grant"
    return event, event.fact
