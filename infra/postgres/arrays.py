"""Columns of a batch as arrays in PostgreSQL's binary form.

A whole batch goes to the server as a few dozen arrays. Packed here they cost a tenth of what psycopg's general list
dumper needs, which asks for the type of every element.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.abc import AdaptContext
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

_HEADER = struct.Struct(">iiiii")
_EMPTY = struct.Struct(">iii")
_LENGTH = struct.Struct(">i").pack
_INT2 = struct.Struct(">ih").pack
_INT4 = struct.Struct(">ii").pack
_INT8 = struct.Struct(">iq").pack
_NULL = _LENGTH(-1)
_UUID = _LENGTH(16)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Int2s(bytes):
    """smallint[]"""


class Int4s(bytes):
    """integer[]"""


class Int8s(bytes):
    """bigint[]"""


class Uuids(bytes):
    """uuid[]"""


class Texts(bytes):
    """text[]"""


class Blobs(bytes):
    """bytea[]"""


class Times(bytes):
    """timestamptz[]"""


def int2s(values: Sequence[int | None]) -> Int2s:
    return Int2s(_array(21, [_INT2(2, value) if value is not None else _NULL for value in values]))


def int4s(values: Sequence[int | None]) -> Int4s:
    return Int4s(_array(23, [_INT4(4, value) if value is not None else _NULL for value in values]))


def int8s(values: Sequence[int | None]) -> Int8s:
    return Int8s(_array(20, [_INT8(8, value) if value is not None else _NULL for value in values]))


def uuids(values: Sequence[UUID | None]) -> Uuids:
    return Uuids(_array(2950, [_UUID + value.bytes if value is not None else _NULL for value in values]))


def texts(values: Iterable[str | None]) -> Texts:
    encoded = [value.encode() if value is not None else None for value in values]
    return Texts(_array(25, [_LENGTH(len(value)) + value if value is not None else _NULL for value in encoded]))


def blobs(values: Sequence[bytes | None]) -> Blobs:
    return Blobs(_array(17, [_LENGTH(len(value)) + value if value is not None else _NULL for value in values]))


def times(values: Sequence[datetime | None]) -> Times:
    return Times(_array(1184, [_INT8(8, (value - _EPOCH) // _MICROSECOND) if value is not None else _NULL for value in values]))


def _array(element: int, parts: list[bytes]) -> bytes:
    """One dimension, lower bound 1, of the element type's OID; NULLs may occur."""
    if not parts:
        return _EMPTY.pack(0, 0, element)
    return _HEADER.pack(1, 1, element, len(parts), 1) + b"".join(parts)


class _BinaryArray(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return bytes(obj)


def _dumper(array_oid: int) -> type[Dumper]:
    return type(f"Array{array_oid}", (_BinaryArray,), {"oid": array_oid})


def adapters() -> AdaptersMap:
    """psycopg's adapters plus these arrays: the `context` of a connection."""
    known = AdaptersMap(psycopg.adapters)
    for kind, dumper in _DUMPERS.items():
        known.register_dumper(kind, dumper)
    return known


def register(context: AdaptContext) -> None:
    """Teach a connection or cursor that somebody else made."""
    for kind, dumper in _DUMPERS.items():
        context.adapters.register_dumper(kind, dumper)


_OIDS: dict[type[Any], int] = {Int2s: 1005, Int4s: 1007, Int8s: 1016, Uuids: 2951, Texts: 1009, Blobs: 1001, Times: 1185}
_DUMPERS = {kind: _dumper(oid) for kind, oid in _OIDS.items()}
