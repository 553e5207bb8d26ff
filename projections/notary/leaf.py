"""The leaf of an event: the hash of every column of its row, in fixed order, so that nothing of it can change unnoticed.

A column is a length (4 bytes, big-endian) and that many bytes; NULL is ff ff ff ff alone. Numbers are decimal, ids canonical
UUIDs, truth is `true` or `false`, times are UTC with six digits and Z, text is UTF-8, and bytes are as they are. The database
gives the columns in just this form, so nothing is parsed on the way to the hash.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from psycopg import AsyncConnection

from projections.archive.whole import Places, whole
from projections.notary.tree import leaf_hash

#: Column -> how the log gives it in the form above. The order is part of the format.
FORMS: Mapping[str, str] = {
    "position": "position::text",
    "stream": "stream::text",
    "version": "version::text",
    "topic": "topic",
    "recorded_at": """to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "actor": "actor",
    "account_id": "account_id::text",
    "correlation": "correlation",
    "causation": "causation::text",
    "command_id": "command_id::text",
    "first": "first::text",
    "fingerprint": "fingerprint",
    "status": "status::text",
    "result": "result",
    "available": "available::text",
    "held": "held::text",
    "owed": "owed::text",
    "outside": "outside::text",
    "book": "book",
    "state": "state",
}
COLUMNS = tuple(FORMS)
_NUMBERS = frozenset({"position", "version", "causation", "status", "available", "held", "owed", "outside"})
_NULL = b"\xff\xff\xff\xff"
_length = struct.Struct(">I").pack
_PLACES = Places(*(COLUMNS.index(name) for name in ("position", "state", "actor", "correlation")))

# Rows in log order, each column as the leaf takes it. `position` alone would be the text.
READ = f"""
    SELECT {", ".join(FORMS.values())} FROM journal.events e
    WHERE position > %(after)s AND position <= %(upto)s ORDER BY e.position
"""
#: A row of the log: one entry a column, None for NULL.
Row = Sequence[bytes | None]


async def rows(conn: AsyncConnection[Any], *, after: int, upto: int) -> Sequence[Row]:
    """The rows at positions *after* + 1 to *upto*, in order."""
    cursor = await conn.cursor(binary=True).execute(READ.encode(), {"after": after, "upto": upto})
    result = cursor.pgresult
    assert result is not None, "a SELECT has a result"
    value, columns = result.get_value, range(len(COLUMNS))
    # Binary text and bytea are the bytes themselves; loading them into Python values would cost five times as much.
    found = [[value(number, column) for column in columns] for number in range(result.ntuples)]
    return await whole(conn, found, _PLACES, as_bytes=True)


def encoded(values: Sequence[bytes | None]) -> bytes:
    """*values* one after the other, each with its length."""
    return b"".join([_NULL if value is None else _length(len(value)) + value for value in values])


def leaf(row: Row) -> bytes:
    """The hash of a row's leaf."""
    return leaf_hash(encoded(row))


def event_object(row: Row) -> dict[str, Any]:
    """The row as a JSON object with the same columns, from which anyone can make the leaf again."""
    return {name: _json_value(name, value) for name, value in zip(COLUMNS, row, strict=True)}


def canonical(value: Any) -> bytes:
    """*value* as canonical JSON: keys sorted, no white space, nothing escaped without need, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _json_value(name: str, value: bytes | None) -> Any:
    if value is None:
        return None
    if name == "fingerprint":
        return value.hex()
    if name == "state":
        return _state(value)
    if name == "first":
        return value == b"true"
    return int(value) if name in _NUMBERS else value.decode()


def _state(value: bytes) -> Any:
    """The object itself. Bytes that are no canonical JSON object are of an application that shares the log: `\\x` and hex."""
    # Not JSON, or not UTF-8: then the bytes are shown, too.
    with suppress(ValueError, RecursionError):
        state = json.loads(value.decode(), parse_float=_refuse, parse_constant=_refuse)
        if isinstance(state, dict) and canonical(state) == value:
            return state
    return f"\\x{value.hex()}"


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"{number} is no whole number")
