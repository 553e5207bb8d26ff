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
    #: When it counts; None: now. Not in the future, nor before the book was opened, nor longer ago than EFFECTIVE_DAYS_MAX.
    effective_at: datetime | None = None


class RefundCharge(Command):
    """Give back `amount` credits (None: all that is left) of the charge of one generation."""

    account_id: UUID
    generation_id: UUID
    refund_id: UUID
    amount: int | None
    reason: str


class AdjustCredits(Command):
    """Correct an account by `amount` credits: above 0 they are granted, below 0 taken, and owed when they are not there."""

    account_id: UUID
    adjustment_id: UUID
    amount: int
    reason: str


class RevokeGrant(Command):
    """Take back what is left of a grant: free credits now, held ones when their holds end, as debt if they are spent then."""

    account_id: UUID
    grant_id: UUID
    reason: str


class ExpireGrants(Command):
    """Record the expiries that are due. Any other ledger command does the same first."""

    account_id: UUID
