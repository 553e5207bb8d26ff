"""Entries of the log for people: any of them, found by account, type, book, position or recorded time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from projections.archive.whole import words_of

# A page of a range of positions, oldest or newest first. The state is read whole: what of it may be shown is said below.
_PAGE = """
    SELECT position, stream, version, topic, recorded_at, actor, account_id, correlation, causation, command_id, first,
           available, held, owed, outside, book, state
    FROM journal.events
    WHERE position >= %(low)s AND position <= %(high)s
      AND (%(account_id)s::uuid IS NULL OR account_id = %(account_id)s)
      AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))
      AND (%(books)s::text[] IS NULL OR book = ANY(%(books)s))
    ORDER BY position {direction} LIMIT %(limit)s
"""
PAGES = {"asc": _PAGE.format(direction="ASC"), "desc": _PAGE.format(direction="DESC")}
#: So many positions are looked through for one page, however few of them match: a page may be short and still have a next one.
WINDOW_POSITIONS = 200_000
#: Beside everything whose name begins with `sealed`: what was made of personal words by a keyed hash, and hashes of tokens.
HIDDEN = frozenset({"email_index", "originator_topic", "tag_index", "token_hash"})

SEALED = "s1."


class EntryRow(msgspec.Struct, kw_only=True):
    """One row of the log without its idempotency record."""

    position: int
    stream: UUID
    version: int
    topic: str
    recorded_at: datetime
    actor: str
    account_id: UUID | None
    correlation: str
    causation: int | None
    command_id: UUID
    first: bool
    available: int | None
    held: int | None
    owed: int | None
    outside: int | None
    book: str | None
    state: bytes

    def public(self) -> dict[str, Any]:
        """The fact's fields without those that hold, or follow from, what a person wrote. Empty for a topic of another application."""
        try:
            fact = msgspec.json.decode(self.state)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return {}
        if not isinstance(fact, dict):
            return {}
        return {name: value for name, value in fact.items() if name not in HIDDEN and not _is_sealed(name, value)}


def _is_sealed(name: str, value: Any) -> bool:
    """By its name, or, where a field may be either, by the mark of ciphertext."""
    return name.startswith("sealed") or (isinstance(value, str) and value.startswith(SEALED))


class Found(NamedTuple):
    """A page. `after`: the position beyond which the next one begins; None when this is the last."""

    rows: list[EntryRow]
    after: int | None


async def page_of_entries(
    conn: AsyncConnection[Any],
    *,
    low: int,
    high: int,
    account_id: UUID | None = None,
    topics: Sequence[str] = (),
    books: Sequence[str] = (),
    order: str = "asc",
    limit: int = 20,
    after_position: int | None = None,
) -> Found:
    """Entries from position *low* to *high*, both included, beyond *after_position* in *order*."""
    window = WINDOW_POSITIONS if account_id is None else high + 1
    if order == "asc":
        first = low if after_position is None else max(low, after_position + 1)
        last = min(high, first + window - 1)
        rest = last if last < high else None
    else:
        last = high if after_position is None else min(high, after_position - 1)
        first = max(low, last - window + 1)
        rest = first if first > low else None
    filters = {"account_id": account_id, "topics": list(topics) or None, "books": list(books) or None}
    cursor = conn.cursor(binary=True, row_factory=class_row(EntryRow))
    # Not prepared: one kept plan for all combinations of filters would use the right index for none.
    await cursor.execute(PAGES[order].encode(), {**filters, "low": first, "high": last, "limit": limit + 1}, prepare=False)
    rows = await _whole(conn, await cursor.fetchall())
    if len(rows) > limit:
        return Found(rows[:limit], rows[limit - 1].position)
    return Found(rows, rest)


async def _whole(conn: AsyncConnection[Any], rows: list[EntryRow]) -> list[EntryRow]:
    known = await words_of(conn, [(row.position, row.state) for row in rows])
    for row in rows:
        if row.position in known:
            row.actor, row.correlation, row.state = known[row.position]
    return rows
