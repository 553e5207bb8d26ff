"""Each command of the ledger: its streams, and one domain call."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.credits import commands
from domain.credits.credit_account import CreditAccount
from domain.generations.generation import Generation
from domain.kernel.commands import Command, Decision, Handler, Need, Streams
from domain.kernel.ids import credit_stream

REFUND_VALID_AT_LEAST = timedelta(days=30)


def _needs_credits(command: Any) -> Sequence[Need]:
    return [Need(CreditAccount, credit_stream(command.account_id))]


def _grant(command: commands.GrantCredits, streams: Streams, now: datetime) -> Decision:
    credits = CreditAccount.among(streams, command.account_id)
    credits.grant(
        command.grant_id,
        source=command.source,
        amount=command.amount,
        priority=command.priority,
        expires_at=command.expires_at,
        reason=command.reason,
        effective_at=command.effective_at,
        now=now,
    )
    return Decision(account_id=command.account_id, saved=[credits], result={"grant_id": str(command.grant_id)})


def _adjust(command: commands.AdjustCredits, streams: Streams, now: datetime) -> Decision:
    credits = CreditAccount.among(streams, command.account_id)
    credits.adjust(command.adjustment_id, amount=command.amount, reason=command.reason, now=now)
    return Decision(account_id=command.account_id, saved=[credits], result={"adjustment_id": str(command.adjustment_id)})


def _revoke(command: commands.RevokeGrant, streams: Streams, now: datetime) -> Decision:
    credits = CreditAccount.among(streams, command.account_id)
    credits.revoke_rest(command.grant_id, reason=command.reason, now=now)
    return Decision(account_id=command.account_id, saved=[credits], result={"grant_id": str(command.grant_id)})


def _refund(command: commands.RefundCharge, streams: Streams, now: datetime) -> Decision:
    """A refund is a new grant that names the charge and expires with the grants it came from, not before 30 days."""
    # The charge stays in the book when its generation is deleted, so it can still be given back.
    generation = Generation.of(streams, command.generation_id, command.account_id, also_deleted=True)
    credits = CreditAccount.among(streams, command.account_id)
    amount = generation.refund(command.refund_id, grant_id=command.refund_id, amount=command.amount, reason=command.reason, now=now)
    if amount:
        expires_at = _expiry_of_refund(generation, now)
        credits.grant(
            command.refund_id,
            source="refund",
            amount=amount,
            priority=0,
            expires_at=expires_at,
            reason=command.reason,
            charge_id=command.generation_id,
            refund_id=command.refund_id,
            now=now,
        )
    return Decision(
        account_id=command.account_id,
        saved=[generation, credits],
        result={"refund_id": str(command.refund_id), "amount": amount, "generation_id": str(command.generation_id)},
    )


def _expiry_of_refund(generation: Generation, now: datetime) -> datetime | None:
    """With the grants that paid, when all of them expire, but not before 30 days."""
    expiries = [paid.expires_at for paid in generation.paid_by if paid.expires_at is not None]
    if len(expiries) < len(generation.paid_by) or not expiries:
        return None
    return max(*expiries, now + REFUND_VALID_AT_LEAST)


def _expire(command: commands.ExpireGrants, streams: Streams, now: datetime) -> Decision:
    credits = CreditAccount.among(streams, command.account_id)
    credits.expire_due(now=now)
    return Decision(account_id=command.account_id, saved=[credits])


HANDLERS: dict[type[Command], Handler] = {
    commands.AdjustCredits: Handler(_needs_credits, _adjust),
    commands.ExpireGrants: Handler(_needs_credits, _expire),
    commands.GrantCredits: Handler(_needs_credits, _grant),
    commands.RefundCharge: Handler(lambda c: [Need(Generation, c.generation_id), *_needs_credits(c)], _refund),
    commands.RevokeGrant: Handler(_needs_credits, _revoke),
}
