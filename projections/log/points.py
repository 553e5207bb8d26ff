"""Which part of the log is meant by "as of": a position, a moment of recorded time, or a moment of effective time."""

from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from projections.kernel.reader import head_of
from projections.log.rows import last_recorded_by
from projections.log.running import Opened
from projections.log.settled import settle


class AsOf(NamedTuple):
    """The positions up to `upto`, and of these only what counted by `effective_by`, unless that is None."""

    upto: int
    effective_by: datetime | None = None


class OutOfRange(Exception):
    """The log says nothing about that point."""


async def point_of(
    conn: AsyncConnection[Any],
    *,
    now: datetime,
    position: int | None = None,
    recorded: datetime | None = None,
    effective: datetime | None = None,
    book: Opened | None = None,
) -> AsOf:
    """At most one of the three is given; none: all that there is. *book*: of whom nothing is known before.   Raises OutOfRange."""
    moment = recorded or effective
    if moment is not None and moment > now:
        raise OutOfRange("has not come yet")
    if recorded is not None:
        await settle(conn, recorded)
    head = await head_of(conn)
    if position is not None and position > head:
        raise OutOfRange("has not come yet")
    point = AsOf(head if position is None else position, effective)
    if recorded is not None:
        point = AsOf(await last_recorded_by(conn, recorded, head=head))
    asked = position is not None or moment is not None
    if asked and book is not None and (point.upto < book.position or (effective is not None and effective < book.effective_at)):
        raise OutOfRange("is before the account's book was opened")
    if asked and point.upto < 1:
        raise OutOfRange("is before the first entry")
    return point
