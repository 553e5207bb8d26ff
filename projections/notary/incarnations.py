"""The incarnations of the log: a restore that lost events begins the next one."""

from typing import Any, NamedTuple

from psycopg import AsyncConnection

from domain.notary.events import LogRestored
from domain.notary.notary import STREAM
from projections.notary.checkpoint import NoteInvalid, parsed

BEGIN = "INSERT INTO proofs.log (incarnation, lost_from) VALUES (%(incarnation)s, %(lost_from)s) ON CONFLICT DO NOTHING"
# Those that the log itself does not speak of yet.
BEGUN = "SELECT incarnation, lost_from FROM proofs.log WHERE incarnation > %(known)s ORDER BY incarnation"


# What the log says of restores. Its own stream is short, and looked into only where there was one.
RESTORED = """
    SELECT position, (convert_from(state, 'UTF8')::json ->> 'lost_from')::bigint FROM journal.events
    WHERE stream = %(stream)s AND topic = %(topic)s AND EXISTS (SELECT FROM proofs.log WHERE incarnation > 1) ORDER BY version
"""


class Restore(NamedTuple):
    """The log has gone on at `position` without what it had from `lost_from` on."""

    position: int
    lost_from: int


class Incarnation(NamedTuple):
    """`lost_from`: the first position that the one before had and lost."""

    number: int
    lost_from: int


async def begin(conn: AsyncConnection[Any], incarnation: Incarnation) -> None:
    await conn.execute(BEGIN, {"incarnation": incarnation.number, "lost_from": incarnation.lost_from})


async def restores(conn: AsyncConnection[Any]) -> list[Restore]:
    """Every restore that lost something, in order. Nobody works while one is made, so they are the same as long as a process lives."""
    cursor = await conn.execute(RESTORED, {"stream": STREAM, "topic": LogRestored.TOPIC})
    return [Restore(*row) for row in await cursor.fetchall()]


async def begun_after(conn: AsyncConnection[Any], known: int) -> list[Incarnation]:
    return [Incarnation(*row) for row in await (await conn.execute(BEGUN, {"known": known})).fetchall()]


def number_in(note: str | None) -> int:
    """The incarnation that a note speaks of, whoever signed it; 0 for none that can be read. Good for choosing a number, no more."""
    try:
        number = "" if note is None else parsed(note).origin.rpartition("/")[2]
    except NoteInvalid:
        return 0
    return int(number) if number.isascii() and number.isdigit() else 0
