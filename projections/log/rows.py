"""Rows of the log in pages, every column of them; and which position a moment stands for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.archive.whole import Places, whole
from projections.log.lines import Event, embedded

# The columns as an export spells them, in the order of its struct: alphabetical.
COLUMNS = """
    account_id::text, actor, available, book, causation, command_id::text, correlation, encode(fingerprint, 'hex'), first,
    held, outside, owed, position, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), result, state,
    status, stream::text, topic, version
"""
# When a fact of ours counts. It must not be asked of topics of other applications, whose state may be anything.
EFFECTIVE_AT = "(convert_from(state, 'UTF8')::json ->> 'timestamp')::timestamptz"
# In the order of the log.
ALL = f"SELECT {COLUMNS} FROM journal.events WHERE position > %(after)s AND position <= %(upto)s ORDER BY position LIMIT %(limit)s"
# Those of one account.
OF_ACCOUNT = f"""
    SELECT {COLUMNS} FROM journal.events
    WHERE account_id = %(account_id)s AND position > %(after)s AND position <= %(upto)s ORDER BY position LIMIT %(limit)s
"""
# When the log took a position.
RECORDED_AT = "SELECT recorded_at FROM journal.events WHERE position = %(position)s"
_STATE = Event.__struct_fields__.index("state")
_PLACES = Places(*(Event.__struct_fields__.index(name) for name in ("position", "state", "actor", "correlation")))


async def page_of_rows(conn: AsyncConnection[Any], *, after: int, upto: int, limit: int, account_id: str | None = None) -> list[Event]:
    """At most *limit* events after *after*, up to *upto*, in order."""
    params: Mapping[str, Any] = {"after": after, "upto": upto, "limit": limit, "account_id": account_id}
    cursor = conn.cursor(binary=True)
    await cursor.execute((ALL if account_id is None else OF_ACCOUNT).encode(), params)
    return [_event(list(row)) for row in await whole(conn, await cursor.fetchall(), _PLACES)]


def _event(values: list[Any]) -> Event:
    values[_STATE] = embedded(values[_STATE])
    return Event(*values)


async def last_recorded_by(conn: AsyncConnection[Any], moment: datetime, *, head: int) -> int:
    """The last position that was recorded at *moment* or before; 0 when there was none yet.

    Positions have no holes and recorded time never runs backwards, so halving finds it by the primary key alone.
    """
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        row = await (await conn.execute(RECORDED_AT, {"position": middle})).fetchone()
        if row is not None and row[0] <= moment:
            low = middle
        else:
            high = middle - 1
    return low
