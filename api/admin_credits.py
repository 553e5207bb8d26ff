"""Operators and the book: grants, refunds, adjustments and revocations. Nothing is ever changed, only added."""

from typing import Any
from uuid import UUID

from api.kit.answer import Answer, created
from api.kit.call import Call
from api.kit.shapes import moment
from api.reasons import opened_reason, sealed_reason
from api.shapes.admin import Adjustment, Grant, NewAdjustment, NewGrant, NewRefund, NewRevocation, Refund, Revocation
from domain.accounts.refusals import ExpiryPassed
from domain.credits.commands import AdjustCredits, GrantCredits, RefundCharge, RevokeGrant
from domain.credits.events import CreditsAdjusted, CreditsGranted, DebtIncurred, GrantRevoked, RevocationDeferred
from domain.generations.generation import Generation
from domain.generations.refusals import GenerationNotFound
from domain.kernel.commands import Receipt
from domain.ports import Recorded

#: No command here says more than three facts after the expiries it found.
FACTS_MAX = 3


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
        effective_at=body.effective_at,
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
        effective_at=moment(fact.timestamp),
        created_at=moment(event.recorded_at),
        position=receipt.position,
    )
    return created(shape, f"/v1/admin/accounts/{event.account_id}")


async def adjust(call: Call, id: UUID, body: NewAdjustment) -> Answer:
    """Correct an account's credits in either direction."""
    command = AdjustCredits(
        account_id=id, adjustment_id=call.platform.ids.new(), amount=body.amount, reason=await sealed_reason(call, id, body.reason)
    )
    return await call.execute(command, status=201)


async def adjusted(call: Call, receipt: Receipt) -> Answer:
    facts = await _facts_of(call, receipt)
    given, taken, owed = (_sum(facts, kind) for kind in (CreditsGranted, CreditsAdjusted, DebtIncurred))
    shape = Adjustment(
        id=receipt.result["adjustment_id"],
        account_id=str(facts[-1].account_id),
        amount=given - taken - owed,
        given=given,
        taken=taken,
        owed=owed,
        reason=await _reason_of(call, facts),
        created_at=moment(facts[-1].recorded_at),
        position=receipt.position,
    )
    return created(shape, f"/v1/admin/accounts/{shape.account_id}")


async def revoke(call: Call, id: UUID, grant_id: UUID, body: NewRevocation) -> Answer:
    """Take back what is left of a grant: free credits at once, held ones when their holds end."""
    command = RevokeGrant(account_id=id, grant_id=grant_id, reason=await sealed_reason(call, id, body.reason))
    return await call.execute(command, status=201)


async def revoked(call: Call, receipt: Receipt) -> Answer:
    facts = await _facts_of(call, receipt)
    shape = Revocation(
        grant_id=receipt.result["grant_id"],
        account_id=str(facts[-1].account_id),
        taken=_sum(facts, GrantRevoked),
        deferred=_sum(facts, RevocationDeferred),
        reason=await _reason_of(call, facts),
        created_at=moment(facts[-1].recorded_at),
        position=receipt.position,
    )
    return created(shape, f"/v1/admin/accounts/{shape.account_id}")


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
        position=receipt.position,
    )
    return created(shape, f"/v1/admin/accounts/{event.account_id}")


async def _granted_at(call: Call, receipt: Receipt) -> tuple[Recorded, CreditsGranted]:
    """The one grant of the command; what paid a debt out of it may follow."""
    return next((event, event.fact) for event in await _facts_of(call, receipt) if isinstance(event.fact, CreditsGranted))


async def _facts_of(call: Call, receipt: Receipt) -> list[Recorded]:
    """The last facts of the command, which say what it was for; expiries that it found come before them."""
    events = await call.platform.journal.read(max(0, receipt.position - FACTS_MAX), FACTS_MAX)
    events = [event for event in events if event.position <= receipt.position]
    return [event for event in events if event.command_id == events[-1].command_id]


async def _reason_of(call: Call, facts: list[Recorded]) -> str:
    reasons = [reason for event in facts if (reason := getattr(event.fact, "reason", None)) is not None]
    return await opened_reason(call, facts[-1].account_id, reasons[0])


def _sum(facts: list[Recorded], kind: type[Any]) -> int:
    return sum(event.fact.amount for event in facts if isinstance(event.fact, kind))
