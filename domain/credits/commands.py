"""What can be asked of the ledger."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Command


class GrantCredits(Command):
    account_id: UUID
    grant_id: UUID
    source: str
    amount: int
    priority: int
    expires_at: datetime | None
    reason: str


class RefundCharge(Command):
    """Give back `amount` credits (None: all that is left) of the charge of one generation."""

    account_id: UUID
    generation_id: UUID
    refund_id: UUID
    amount: int | None
    reason: str


class ExpireGrants(Command):
    """Record the expiries that are due. Any other ledger command does the same first."""

    account_id: UUID
