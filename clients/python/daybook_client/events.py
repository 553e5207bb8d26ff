"""Server-sent events, as the WHATWG specification reads them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple


class Event(NamedTuple):
    """`position` is set on durable events: a reader that is cut off resumes after the last one."""

    type: str
    timestamp: str
    data: Any
    position: int | None


def lines_of(pieces: Iterable[bytes]) -> Iterator[str]:
    """The lines in *pieces* of a stream. Only line breaks end them: a text may hold other characters that are taken for such."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode()


def events_of(lines: Iterable[str]) -> Iterator[Event]:
    """The events in *lines*; comments and what is cut off in the middle are left out."""
    name: str = "message"
    number: int | None = None
    data: list[str] = []
    for line in lines:
        if line.startswith(":"):
            continue
        if line == "":
            if data:
                payload = json.loads("\n".join(data))
                yield Event(name, payload["timestamp"], payload["data"], number)
            name, number, data = "message", None, []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "id":
            number = int(value)
        elif field == "data":
            data.append(value)
