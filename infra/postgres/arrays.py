"""Columns of a batch as arrays in PostgreSQL's binary form.

A whole batch goes to the server as a few dozen arrays. Packed here they cost a tenth of what psycopg's general list
dumper needs, which asks for the type of every element.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import chain, repeat
from struct import Struct
from typing import Any
from uuid import UUID

import psycopg
from psycopg.abc import AdaptContext
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

_HEADER = Struct(">iiiii")
_EMPTY = Struct(">iii")
_LENGTH = Struct(">i").pack
#: Size and value of one number.
_INT2, _INT4, _INT8 = (partial(Struct(code).pack, size) for code, size in ((">ih", 2), (">ii", 4), (">iq", 8)))
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
    return Int2s(_numbers(21, "ih", _INT2, values))


def int4s(values: Sequence[int | None]) -> Int4s:
    return Int4s(_numbers(23, "ii", _INT4, values))


def int8s(values: Sequence[int | None]) -> Int8s:
    return Int8s(_numbers(20, "iq", _INT8, values))


def uuids(values: Sequence[UUID | None]) -> Uuids:
    if not values:
        return Uuids(_EMPTY.pack(0, 0, 2950))
    # The integer itself: the property `bytes` costs as much again.
    packed = [_NULL if value is None else _UUID + value.int.to_bytes(16, "big") for value in values]
    return Uuids(_header(2950, len(packed)) + b"".join(packed))


def texts(values: Sequence[str | None]) -> Texts:
    return Texts(_array(25, values, _text))


def encoded_texts(values: Sequence[bytes | None]) -> Texts:
    """Texts in UTF-8 already, ever different ones: remembering them, as `texts` does, would only push others out."""
    return Texts(_sized(25, values))


def blobs(values: Sequence[bytes | None]) -> Blobs:
    return Blobs(_sized(17, values))


def times(values: Sequence[datetime | None]) -> Times:
    return Times(_array(1184, values, lambda value: _INT8((value - _EPOCH) // _MICROSECOND)))


def _sized(element: int, values: Sequence[bytes | None]) -> bytes:
    """Bytes as they are."""
    if not values:
        return _EMPTY.pack(0, 0, element)
    return _header(element, len(values)) + b"".join([_NULL if value is None else _LENGTH(len(value)) + value for value in values])


# Actors, topics, queues and models are ever the same few words.
@lru_cache(maxsize=1_024)
def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH(len(encoded)) + encoded


def _numbers(element: int, code: str, pack: "partial[bytes]", values: Sequence[int | None]) -> bytes:
    """Numbers without NULL among them are packed in one go."""
    if not values or None in values:
        return _array(element, values, pack)
    pairs = chain.from_iterable(zip(repeat(pack.args[0]), values, strict=False))
    return _header(element, len(values)) + struct.pack(">" + code * len(values), *pairs)


def _array(element: int, values: Sequence[Any], pack: Callable[[Any], bytes]) -> bytes:
    """Elements of the type with the OID *element*; *pack* gives length and bytes of one."""
    if not values:
        return _EMPTY.pack(0, 0, element)
    if values.count(None) == len(values):
        return _header(element, len(values)) + _NULL * len(values)
    return _header(element, len(values)) + b"".join([_NULL if value is None else pack(value) for value in values])


def _header(element: int, count: int) -> bytes:
    """One dimension, lower bound 1; NULLs may occur."""
    return _HEADER.pack(1, 1, element, count, 1)


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


OIDS: dict[type[Any], int] = {Int2s: 1005, Int4s: 1007, Int8s: 1016, Uuids: 2951, Texts: 1009, Blobs: 1001, Times: 1185}
_DUMPERS = {kind: _dumper(oid) for kind, oid in OIDS.items()}
