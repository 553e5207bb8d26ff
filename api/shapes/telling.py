"""What a stream of events carries, and the ticket for one."""

from typing import Annotated, Any

from msgspec import Meta

from api.kit.shapes import Count, Id, Moment, Query, Shown


class Told(Shown):
    """One event. `data` is the object it is about, as GET gave it at `position`."""

    type: str
    timestamp: Moment
    position: Count
    data: Any


class TextDelta(Shown):
    """More of a text that is being written: `text` goes behind its first `offset` characters, in place of whatever stands there."""

    generation_id: Id
    offset: Count
    text: str


class StreamQuery(Query):
    """`last_event_id`: go on after that event, as the header `Last-Event-ID` does. `ticket`: instead of the header `Authorization`."""

    last_event_id: Annotated[str, Meta(max_length=32)] | None = None
    ticket: Annotated[str, Meta(max_length=100)] | None = None


class StreamTicket(Shown):
    """Opens one stream of this account until `expires_at`."""

    ticket: str
    expires_at: Moment
