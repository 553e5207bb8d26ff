"""The file as lines that are in canonical form and in their place: header, keys, events and checkpoints, end, nothing after it."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from infra.imports.refused import LineRefused
from projections.log.lines import FORMAT, Checkpoint, End, Event, Header, Key, Line, decode, encode

#: Longer than any row of the log can be, so that a file of another kind is not read into memory.
LINE_BYTES_MAX = 64 << 20
#: What may follow what.
AFTER: dict[type[Line] | None, tuple[type[Line], ...]] = {
    None: (Header,),
    Header: (Key, Event, End),
    Key: (Key, Event, End),
    Event: (Event, Checkpoint, End),
    Checkpoint: (Event, End),
    End: (),
}


class Read(NamedTuple):
    """A line, its number from 1, and how many bytes of the file are read with it."""

    number: int
    line: Line
    bytes: int


def lines_of(file: BinaryIO) -> Iterator[Read]:
    """All lines, one at a time.   Raises LineRefused."""
    digest, events, size, last = hashlib.sha256(), 0, 0, None
    number = 0
    while raw := file.readline(LINE_BYTES_MAX):
        number += 1
        line = _decoded(number, raw)
        kind = type(line)
        if kind not in AFTER[last]:
            raise LineRefused(number, f"{_name(kind)} cannot stand here, after {_name(last)}")
        if isinstance(line, End):
            _check_end(number, line, events, digest.hexdigest())
        digest.update(raw)
        events += kind is Event
        size += len(raw)
        last = kind
        yield Read(number, line, size)
    if last is not End:
        raise LineRefused(number + 1, "the file ends without its end line: it was cut")


def _decoded(number: int, raw: bytes) -> Line:
    if not raw.endswith(b"\n"):
        raise LineRefused(number, "the line has no end: the file was cut" if len(raw) < LINE_BYTES_MAX else "the line is too long")
    try:
        line = decode(raw)
        canonical = encode(line)
    except (ValueError, RecursionError) as error:
        raise LineRefused(number, f"not a line of an export: {error}") from None
    if canonical != raw[:-1]:
        raise LineRefused(number, "not in canonical form")
    if isinstance(line, Header):
        _check_header(number, line)
    if isinstance(line, Event) and line.path is not msgspec.UNSET:
        raise LineRefused(number, "an event of a whole log has no path")
    return line


def _check_header(number: int, header: Header) -> None:
    if header.format != FORMAT:
        raise LineRefused(number, f"the format is {header.format!r}, this release reads {FORMAT!r}")
    if header.account is not None:
        raise LineRefused(number, "this is the export of one account; only a whole log can be imported")


def _check_end(number: int, end: End, events: int, sha256: str) -> None:
    if end.events != events:
        raise LineRefused(number, f"the end tells of {end.events} events, the file has {events}")
    if end.sha256 != sha256:
        raise LineRefused(number, f"the digest is {end.sha256}, the lines before have {sha256}: the file was changed")


def _name(kind: type[Line] | None) -> str:
    return "nothing" if kind is None else f"a line of type {kind.__struct_config__.tag}"
