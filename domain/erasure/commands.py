"""What can be asked for when a person is to be forgotten. The steps in between are the eraser's (`workers/erasure`)."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Command


class RequestErasure(Command):
    """`by` is "owner", "operator" or "restore" (asked before, and applied again to an older copy of the log)."""

    account_id: UUID
    by: str
    sealed_reason: str | None = None


class CancelForErasure(Command):
    """End an open generation of the person, whoever runs it, without a charge. A final one stays as it is."""

    account_id: UUID
    generation_id: UUID


class CompleteErasure(Command):
    """The data key is destroyed and everything else is done."""

    account_id: UUID
    requested_at: datetime
