"""Facts told to a read model's fold without a database: `given` these happened, the model says that."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel.facts import Fact
from projections.kernel.facts import Event, plain_of
from projections.kernel.model import ReadModel
from tests.support.book import NOON

ACCOUNT = UUID("01936b2e-0000-7000-8000-000000000001")


def happened(fact_class: type[Fact], position: int, /, *, stream: UUID, account: UUID = ACCOUNT, **values: Any) -> Event:
    """The fact as it is read from the log at *position*, one minute later for each position."""
    at: datetime = NOON + timedelta(minutes=position)
    state = msgspec.json.encode({"timestamp": at, **values})
    fact = msgspec.json.decode(state, type=plain_of(fact_class))
    return Event(position, stream, 1, fact_class.TOPIC, at, account, fact)


class Told:
    """What a model says after facts, as {statement: rows}."""

    def __init__(self, model: ReadModel, present: Any) -> None:
        self.model = model
        self.present = present

    def given(self, events: Sequence[Event]) -> "Told":
        for event in events:
            assert event.topic in self.model.topics
            self.model.fold(self.present, event)
        return self

    def rows(self, sql: str) -> list[Any]:
        return [row for write in self.model.writes(self.present) if write.sql == sql for row in write.rows]
