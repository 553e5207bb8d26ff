"""Facts of an operator's own stream: what he ordered, and why. A reason is sealed with his key."""

from uuid import UUID

from domain.kernel.facts import Fact, FirstFact


class DeskOpened(FirstFact):
    TOPIC = "operators.desk_opened"
    account_id: UUID


class QueuePaused(Fact):
    """The queue is paused from here on, if it was not before."""

    TOPIC = "operators.queue_paused"
    queue: str
    reason: str


class QueueResumed(Fact):
    TOPIC = "operators.queue_resumed"
    queue: str
    reason: str


class WorkerDrained(Fact):
    """The worker process was asked to finish what it has and to end."""

    TOPIC = "operators.worker_drained"
    worker: UUID
    reason: str


class GenerationsOrdered(Fact):
    """`what` is "retry" or "cancel". What became of each stands on its own stream, with this fact as its cause.

    `charge`: who pays a retry, "account" or "house"; None for a cancel.
    """

    TOPIC = "operators.generations_ordered"
    order_id: UUID
    what: str
    charge: str | None
    generation_ids: list[UUID]
    reason: str
