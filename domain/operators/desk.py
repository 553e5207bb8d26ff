"""An operator's desk: what he ordered. Nothing is decided on what it holds; the orders themselves are what counts."""

from datetime import datetime
from uuid import UUID

from domain.kernel.commands import Streams
from domain.kernel.facts import Root, when
from domain.kernel.ids import desk_stream
from domain.operators import events


class Desk(Root):
    """Stream id: `desk_stream(account_id)`."""

    TOPIC = "operators.desk"

    def __init__(self) -> None:
        self.orders = 0

    @classmethod
    def among(cls, streams: Streams, account_id: UUID, *, now: datetime) -> "Desk":
        """The operator's desk out of *streams*, begun with his first order."""
        found = streams.get(cls, desk_stream(account_id))
        if found is None:
            found = cls._create(events.DeskOpened, id=desk_stream(account_id), timestamp=now, account_id=account_id)
        return found

    @when(events.DeskOpened)
    def _opened(self, fact: events.DeskOpened) -> None:
        self.account_id = fact.account_id

    @when(events.QueuePaused)
    def _paused(self, fact: events.QueuePaused) -> None:
        self.orders += 1

    @when(events.QueueResumed)
    def _resumed(self, fact: events.QueueResumed) -> None:
        self.orders += 1

    @when(events.WorkerDrained)
    def _drained(self, fact: events.WorkerDrained) -> None:
        self.orders += 1

    @when(events.GenerationsOrdered)
    def _ordered(self, fact: events.GenerationsOrdered) -> None:
        self.orders += 1

    # Set from DeskOpened.
    account_id: UUID
