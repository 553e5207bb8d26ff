"""The leaf of an entry, made from the very values that were checked: SHA-256 over every column, each with its length.

A column is four bytes of length, big-endian, and its bytes; NULL is ff ff ff ff. The order is that of `Entry`.
"""

import struct
from functools import lru_cache
from hashlib import sha256

from projections.audit.entries import Entry

NULL = b"\xff\xff\xff\xff"
_length = struct.Struct(">I").pack
#: The lengths of a canonical id and of a canonical time, as characters.
_ID, _TIME = "\0\0\0\x24", "\0\0\0\x1b"


def encoded(value: int | str | bytes | bool | None) -> bytes:
    """One column."""
    if value is None:
        return NULL
    if isinstance(value, bytes):
        data = value
    elif isinstance(value, bool):
        data = b"true" if value else b"false"
    else:
        data = str(value).encode()
    return _length(len(data)) + data


#: Columns that say the same in many rows. Bounded, because accounts are many.
_often = lru_cache(maxsize=16_384)(encoded)


@lru_cache(maxsize=16_384)
def _moved(postings: tuple[int | str | None, ...]) -> bytes:
    return b"".join(map(encoded, postings))


_TRUE, _FALSE, _THREE_NULLS = encoded(True), encoded(False), NULL * 3


def leaf(entry: Entry) -> bytes:
    """The hash of *entry*, whose ids are canonical and whose time of recording has 27 characters."""
    position, stream, version, topic, recorded_at, actor, account_id, correlation, causation, command_id = entry[:10]
    first, fingerprint, status, result, *_, state = entry[10:]
    number, why = str(position), correlation.encode()
    idle = fingerprint is None and status is None and result is None
    # `encoded` for one column after the other says the same, and takes three times as long.
    return sha256(
        b"".join(
            (
                f"\0\0\0\0{chr(len(number))}{number}{_ID}{stream}".encode(),
                _often(version),
                _often(topic),
                f"{_TIME}{recorded_at}".encode(),
                _often(actor),
                _often(account_id),
                _length(len(why)),
                why,
                NULL if causation is None else encoded(causation),
                f"{_ID}{command_id}".encode(),
                _TRUE if first else _FALSE,
                _THREE_NULLS if idle else encoded(fingerprint) + encoded(status) + encoded(result),
                _moved(entry[14:19]),
                _length(len(state)),
                state,
            )
        )
    ).digest()
