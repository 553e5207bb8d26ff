"""Reads the log for folding: its own statement, only the columns that read models use."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.kernel.journal_refusals import UpgradeNeeded
from projections.archive.whole import Places, whole
from projections.kernel.facts import Decode, Event, Undecodable, Unreadable, decoders

# A batch in log order. Positions have no holes, so what is read is everything before its end.
READ = """
    SELECT position, stream, version, topic, recorded_at, account_id, state FROM journal.events
    WHERE position > %(after)s AND position <= %(upto)s ORDER BY position LIMIT %(limit)s
"""
# A page of an account's, by the index of its history.
READ_ACCOUNT = """
    SELECT position, stream, version, topic, recorded_at, account_id, state FROM journal.events
    WHERE account_id = %(account_id)s AND position > %(after)s AND position <= %(upto)s AND topic = ANY(%(topics)s)
    ORDER BY position LIMIT %(limit)s
"""
# First facts of streams: what was asked for. They never change, so every model may look them up at any time.
READ_FIRST = """
    SELECT position, stream, version, topic, recorded_at, account_id, state FROM journal.events
    WHERE stream = ANY(%(streams)s) AND version = 1
"""
# What happened to a few streams before a batch.
READ_BEFORE = """
    SELECT position, stream, version, topic, recorded_at, account_id, state FROM journal.events
    WHERE stream = ANY(%(streams)s) AND topic = %(topic)s AND position < %(before)s ORDER BY position
"""
# The end of the log, by its index.
HEAD = "SELECT position FROM journal.events ORDER BY position DESC LIMIT 1"
ENDLESS = 2**63 - 1
#: A few milliseconds of decoding and folding, in which the process does nothing else.
PAGE_EVENTS = 500
_PLACES = Places(position=0, state=6)


class Reader:
    """Decodes facts of the topics this build knows. One per process; holds nothing but compiled decoders."""

    def __init__(self, known: Mapping[str, Decode] | None = None) -> None:
        self.known = decoders() if known is None else known

    async def read(self, conn: AsyncConnection[Any], *, after: int, limit: int, upto: int = ENDLESS) -> list[Event]:
        """At most *limit* events after *after*, up to *upto*, in order. What stands before an unknown topic is given first.

        Raises UpgradeNeeded when the very next event has a topic this build does not know.
        """
        params = {"after": after, "upto": upto, "limit": limit}
        return self.decode(await rows_of(conn, READ, params))

    async def of_account(
        self, conn: AsyncConnection[Any], account_id: UUID, *, after: int, topics: Iterable[str], upto: int = ENDLESS
    ) -> AsyncIterator[list[Event]]:
        """All events of an account after *after*, up to *upto*, that have one of *topics*: in pages, none empty.

        Few, when the read models keep up. But a busy account has millions in all, and others have their turn between two pages.
        """
        params = {"account_id": account_id, "after": after, "upto": upto, "topics": list(topics), "limit": PAGE_EVENTS}
        while rows := await rows_of(conn, READ_ACCOUNT, params):
            yield self.decode(rows)
            if len(rows) < PAGE_EVENTS:
                return
            params["after"] = rows[-1][0]

    async def first_facts(self, conn: AsyncConnection[Any], streams: list[UUID]) -> list[Event]:
        """The first event of each of *streams*, in no order."""
        return self.decode(await rows_of(conn, READ_FIRST, {"streams": streams}))

    async def facts_before(self, conn: AsyncConnection[Any], streams: list[UUID], *, topic: str, before: int) -> list[Event]:
        """The events of *streams* with *topic* that stand before the position *before*, in order."""
        return self.decode(await rows_of(conn, READ_BEFORE, {"streams": streams, "topic": topic, "before": before}))

    def decode(self, rows: list[Any]) -> list[Event]:
        known = self.known
        events: list[Event] = []
        for position, stream, version, topic, recorded_at, account_id, state in rows:
            decode = known.get(topic)
            if decode is None:
                if events:
                    break
                raise UpgradeNeeded(topic=topic, position=position, retry_after=60)
            try:
                fact = decode(state)
            except (msgspec.DecodeError, TypeError, KeyError) as error:
                fact = Unreadable(Undecodable(topic, position, str(error)))
            events.append(Event(position, stream, version, topic, recorded_at, account_id, fact))
        return events


async def head_of(conn: AsyncConnection[Any]) -> int:
    """The position of the last event; 0 for an empty log."""
    row = await (await conn.execute(HEAD)).fetchone()
    return int(row[0]) if row else 0


async def rows_of(conn: AsyncConnection[Any], sql: str, params: Mapping[str, Any]) -> list[Any]:
    cursor = await conn.cursor(binary=True).execute(sql, params)
    return list(await whole(conn, await cursor.fetchall(), _PLACES))
