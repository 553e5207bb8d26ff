"""What a stream of events carries, and the ticket for one."""

from typing import Any

from api.kit.shapes import Count, Moment, Shown


class Told(Shown):
    """One event. `data` is the object it is about, as GET gave it at `position`."""

    type: str
    timestamp: Moment
    position: Count
    data: Any
