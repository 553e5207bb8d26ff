"""What an operator can order. `reason` is sealed with the key of the operator, whose is `account_id`."""

from uuid import UUID

from domain.kernel.commands import Command


class PauseQueue(Command):
    """Nothing of the queue begins any more."""

    account_id: UUID
    queue: str
    reason: str


class ResumeQueue(Command):
    """Start deadlines move on by the length of the pause."""

    account_id: UUID
    queue: str
    reason: str


class DrainWorker(Command):
    """The worker process finishes what it has, and ends."""

    account_id: UUID
    worker: UUID
    reason: str


class OrderGenerations(Command):
    """The same for several generations, whoever's they are. `what`: "retry" or "cancel"; `charge`: who pays a retry.

    `more`: what selected them would have selected others.

    Each is then carried out by a command of its own, fixed by this one. Result: the fields of the order.
    """

    account_id: UUID
    order_id: UUID
    what: str
    charge: str | None
    generation_ids: list[UUID]
    more: bool
    reason: str


class RepeatGeneration(Command):
    """Part of an order: ask once more for `retry_of`, which failed or was canceled, as a generation of its own with a hold of its own.

    `charge` "account": its owner pays as for the first. "house": the amount of the hold is given as goodwill, by the grant
    `grant_id`, in the same commit, as far as earlier gifts of this kind are not left.
    """

    generation_id: UUID
    account_id: UUID
    retry_of: UUID
    charge: str
    grant_id: UUID
    free_tier: bool
