"""The log as the verifier reads it: its own statements, every column, in pages. Ids and times of recording are texts here."""

from typing import Any, NamedTuple, NoReturn

import msgspec

from projections.audit.report import Difference, Differs, text_of

# A time that four digits of the year cannot say stays as the database writes it, which no rule takes for a time.
_RECORDED_AT = """
    CASE WHEN recorded_at >= '0001-01-01Z' AND recorded_at < '10000-01-01Z'
         THEN to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE recorded_at::text END
"""
_COLUMNS = f"""
    position, stream::text, version, topic, {_RECORDED_AT}, actor, account_id::text, correlation, causation, command_id::text, first,
    fingerprint, status, result, available, held, owed, outside, book, state
"""
# In the order of the log.
BY_POSITION = f"SELECT {_COLUMNS} FROM journal.events WHERE position > %(after)s AND position <= %(upto)s ORDER BY position LIMIT %(limit)s"
# One stream after the other; the last of a page may be cut.
BY_STREAM = f"""
    SELECT {_COLUMNS} FROM journal.events WHERE (stream, version) > (%(stream)s, %(version)s)
    ORDER BY events.stream, version LIMIT %(limit)s
"""
# What streams said before: for facts about things that ended long ago.
BEFORE = f"""
    SELECT {_COLUMNS} FROM journal.events WHERE stream = ANY(%(streams)s::uuid[]) AND position < %(before)s
    ORDER BY events.stream, version
"""
# What is left of a stream that a page has cut.
REST = f"SELECT {_COLUMNS} FROM journal.events WHERE stream = %(stream)s AND version > %(version)s ORDER BY version"
HEAD = "SELECT position FROM journal.events ORDER BY position DESC LIMIT 1"


class Entry(NamedTuple):
    """One row of the log: all its columns, in the order in which they are hashed. `recorded_at` has six digits and a Z."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: str
    actor: str
    account_id: str | None
    correlation: str
    causation: int | None
    command_id: str
    first: bool
    fingerprint: bytes | None
    status: int | None
    result: str | None
    available: int | None
    held: int | None
    owed: int | None
    outside: int | None
    book: str | None
    state: bytes

    def fact(self) -> dict[str, Any]:
        """The state's values.   Raises Differs when it is not JSON, or holds a float."""
        try:
            values = _DECODER.decode(self.state)
        except (msgspec.DecodeError, ValueError) as error:
            differs(self, "the state cannot be read", found=str(error))
        if not isinstance(values, dict):
            differs(self, "the state is no object", found=type(values).__name__)
        return values


def differs(entry: Entry, what: str, *, expected: Any = None, found: Any = None) -> NoReturn:
    """The log is not as it must be at *entry*."""
    raise Differs(
        Difference(
            where="log",
            what=f"{entry.topic}: {what}",
            position=entry.position,
            stream=entry.stream,
            expected=None if expected is None else text_of(expected),
            found=None if found is None else text_of(found),
        )
    )


def _no_float(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no whole number")


_DECODER = msgspec.json.Decoder(float_hook=_no_float)
