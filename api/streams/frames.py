"""Events as they stand on the wire of a stream."""

from datetime import datetime
from typing import Any

import msgspec

from api.kit.shapes import moment
from api.shapes.telling import Told

RETRY_MILLISECONDS = 2_000
#: Comments and fields of their own lines: no empty line, so that no reader takes them for an event.
OPENING = f": open\nretry: {RETRY_MILLISECONDS}\n".encode()
PING = b": ping\n"
_ENCODE = msgspec.json.Encoder().encode


def frame(type_: str, body: bytes, *, id: int | None = None) -> bytes:
    """One event. *body* is JSON, which has no line breaks; without *id* a reconnect resumes at the event before."""
    numbered = b"" if id is None else b"id: %d\n" % id
    return b"event: %b\n%bdata: %b\n\n" % (type_.encode(), numbered, body)


def passing_frame(type_: str, data: Any, *, position: int, now: datetime, id: int | None = None) -> bytes:
    """An event that is no fact of the log."""
    return frame(type_, _ENCODE(Told(type=type_, timestamp=moment(now), position=position, data=data)), id=id)
