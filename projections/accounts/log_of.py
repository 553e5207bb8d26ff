"""Everything the log holds of one account, in order, as its owner may have it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from projections.archive.whole import words_of

# By the index of an account's history; `state` is JSON for all topics of ours.
PAGE = """
    SELECT position, topic, recorded_at, convert_from(state, 'UTF8') AS state FROM journal.events
    WHERE account_id = %(account_id)s AND position > %(after)s AND strpos(topic, '.') > 0 AND strpos(topic, ':') = 0
    ORDER BY position LIMIT %(limit)s
"""


class LoggedFact(msgspec.Struct, kw_only=True):
    """`state` is the fact's JSON as text, with what is sealed still sealed."""

    position: int
    topic: str
    recorded_at: datetime
    state: str


async def page_of_log(conn: AsyncConnection[Any], account_id: UUID, *, after: int, limit: int) -> list[LoggedFact]:
    """At most *limit* facts after position *after*."""
    cursor = conn.cursor(binary=True, row_factory=class_row(LoggedFact))
    await cursor.execute(PAGE.encode(), {"account_id": account_id, "after": after, "limit": limit})
    facts = await cursor.fetchall()
    known = await words_of(conn, [(fact.position, fact.state.encode()) for fact in facts])
    for fact in facts:
        if fact.position in known:
            fact.state = known[fact.position].state.decode()
    return facts
