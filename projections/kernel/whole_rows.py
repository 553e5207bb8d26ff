"""Read models with one row a stream: loaded by the stream's id, changed by its facts, written whole.

For what changes rarely, so that a row of all columns costs less than knowing which of them moved.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from domain.kernel.facts import FirstFact
from projections.kernel.facts import Event
from projections.kernel.model import Place, ReadModel, Write, read_model

# Rows that a batch changes and that were there before.
LOAD = "SELECT * FROM read.{table} WHERE id = ANY(%(ids)s)"


class StreamRow(Protocol):
    """`position`: the stream's last fact."""

    id: UUID
    updated_at: datetime
    position: int


Row = TypeVar("Row", bound=StreamRow)


def touched(present: dict[UUID, Row], event: Event) -> Row:
    """The row of the event's stream, which has moved."""
    row = present[event.stream]
    row.updated_at = event.fact.timestamp
    row.position = event.position
    return row


def whole_rows(
    *,
    name: str,
    version: int,
    ddl: str,
    kind: type[Row],
    upsert: str,
    first: type[FirstFact],
    facts: Mapping[Any, Callable[[dict[UUID, Row], Event], Any]],
) -> ReadModel:
    """The model of the table `name_vN`. *first* begins each stream; *upsert* writes rows, new or not."""
    load_sql = LOAD.format(table=f"{name}_v{version}")

    async def load(place: Place, events: Sequence[Event]) -> dict[UUID, Row]:
        begun = {event.stream for event in events if event.topic == first.TOPIC}
        before = {event.stream for event in events} - begun
        rows = await place.fetch(load_sql, {"ids": list(before)}, kind) if before else []
        return {row.id: row for row in rows}

    def writes(present: dict[UUID, Row]) -> Sequence[Write]:
        return (Write(upsert, list(present.values())),)

    return read_model(name=name, version=version, ddl=ddl, facts=facts, load=load, writes=writes)
