"""The opposite of `infra.postgres.arrays`: what the server reads out of an array in PostgreSQL's binary form."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from infra.postgres.arrays import Blobs, Int2s, Int4s, Int8s, Texts, Times, Uuids

_HEADER_BYTES = 20
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_COUNT = struct.Struct(">i")


def decoded(array: Any) -> list[Any]:
    """The elements, None for NULL.   Raises TypeError for anything but an array of `infra.postgres.arrays`."""
    kind = type(array)
    if kind not in _READERS:
        raise TypeError(f"{kind.__name__} is no array of infra.postgres.arrays")
    if len(array) == 12:
        return []
    count = _COUNT.unpack_from(array, 12)[0]
    if kind in _CODES:
        code, size = _CODES[kind]
        if len(array) == _HEADER_BYTES + count * (4 + size):
            # No NULL among them: sizes and values in turn.
            return list(struct.unpack_from(">" + ("i" + code) * count, array, _HEADER_BYTES)[1::2])
    return _elements(bytes(array), count, _READERS[kind])


def _elements(data: bytes, count: int, read: Callable[[bytes], Any]) -> list[Any]:
    found: list[Any] = []
    place = _HEADER_BYTES
    for _ in range(count):
        size = _COUNT.unpack_from(data, place)[0]
        place += 4
        if size < 0:
            found.append(None)
            continue
        found.append(read(data[place : place + size]))
        place += size
    return found


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _time(data: bytes) -> datetime:
    return _EPOCH + timedelta(microseconds=_number(data))


_CODES: dict[type[Any], tuple[str, int]] = {Int2s: ("h", 2), Int4s: ("i", 4), Int8s: ("q", 8)}
_READERS: dict[type[Any], Callable[[bytes], Any]] = {
    Blobs: bytes,
    Int2s: _number,
    Int4s: _number,
    Int8s: _number,
    Texts: bytes.decode,
    Times: _time,
    Uuids: lambda data: UUID(bytes=data),
}
