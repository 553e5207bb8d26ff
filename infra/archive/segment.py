"""A segment as a file, `daybook-segment/1`: a range of the log that can be checked alone.

Gzip of lines, one canonical JSON object each: what it is and how its root leads to a signed checkpoint; its events, as an export
has them; an end with a digest. Its events are a complete subtree of the notary's tree, so a path of hashes leads from their root on.
"""

import gzip
import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from infra.imports.rows import values_of
from projections.log.lines import End, Event, encode
from projections.notary.checkpoint import NoteInvalid, PublicKey, parsed, verified
from projections.notary.leaf import encoded
from projections.notary.tree import Growth, leaf_hash, root_of_inclusion

FORMAT = "daybook-segment/1"
#: A segment holds two to the power of it, about a megabyte of lines and a fifth of it as a file.
LEVEL = 12
COMPRESSION = 6
#: What one may be unpacked to; a state is at most some hundred kilobytes.
BYTES_MAX = 1 << 30


class SegmentDamaged(Exception):
    """A file that is not the segment it should be. `position`: the first one that is concerned."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(f"position {position}: {why}")
        self.position = position
        self.why = why


class Opening(msgspec.Struct, tag_field="type", tag="segment", forbid_unknown_fields=True, kw_only=True):
    """The first line. `path`: base64 hashes from the root over the events to that of `checkpoint`, a signed note."""

    format: str
    first: int
    last: int
    checkpoint: str
    path: list[str]


class Packed(NamedTuple):
    """The lines of a file, not yet decoded."""

    opening: Opening
    lines: Sequence[bytes]

    def event(self, position: int) -> Event:
        """Raises SegmentDamaged."""
        try:
            event = _event(self.lines[position - self.opening.first])
        except (msgspec.DecodeError, msgspec.ValidationError, IndexError) as error:
            raise SegmentDamaged(position, f"its line cannot be read ({error})") from error
        if event.position != position:
            raise SegmentDamaged(position, f"position {event.position} stands in its place")
        return event


def pack(opening: Opening, events: Sequence[Event]) -> bytes:
    """The file. The same events and checkpoint give the same bytes."""
    lines = b"".join([encode(line) + b"\n" for line in (opening, *events)])
    end = End(len(events), hashlib.sha256(lines).hexdigest())
    return gzip.compress(lines + encode(end) + b"\n", COMPRESSION, mtime=0)


def unpack(data: bytes, first: int) -> Packed:
    """The lines of the segment that begins at position *first*, whole by its own digest.   Raises SegmentDamaged."""
    try:
        unzip = zlib.decompressobj(wbits=31)
        text = unzip.decompress(data, BYTES_MAX)
        if not unzip.eof or unzip.unused_data:
            raise SegmentDamaged(first, "the file is cut or has something after its end")
        *lines, last = text.split(b"\n")[:-1]
        end = msgspec.json.decode(last, type=End)
        opening = msgspec.json.decode(lines[0], type=Opening)
    except (zlib.error, msgspec.DecodeError, ValueError, IndexError) as error:
        raise SegmentDamaged(first, f"the file cannot be read ({error})") from error
    if hashlib.sha256(text[: len(text) - len(last) - 1]).hexdigest() != end.sha256:
        raise SegmentDamaged(first, "the file's digest is not that of its lines")
    if opening.format != FORMAT or opening.first != first or not len(lines) - 1 == end.events == opening.last - opening.first + 1:
        raise SegmentDamaged(first, f"the file says that it holds positions {opening.first} to {opening.last} in {end.events} lines")
    return Packed(opening, lines[1:])


def root_of(events: Sequence[Event]) -> bytes:
    """The root of the tree over *events* alone.   Raises SegmentDamaged."""
    growth = Growth()
    for event in events:
        try:
            growth.append(leaf_hash(encoded(values_of(event))))
        except ValueError as error:
            raise SegmentDamaged(event.position, str(error)) from error
    return growth.root


def checked(packed: Packed, keys: Sequence[PublicKey] | None = None) -> tuple[list[Event], bytes]:
    """The events and their root, which leads to the checkpoint in the file; with *keys* one of them has signed that.

    Raises SegmentDamaged.
    """
    opening = packed.opening
    events = [packed.event(position) for position in range(opening.first, opening.last + 1)]
    root = root_of(events)
    try:
        note = parsed(opening.checkpoint) if keys is None else verified(opening.checkpoint, keys)
        reached = root_above(opening.first, opening.last, note.size, root, [b64decode(each, validate=True) for each in opening.path])
    except (NoteInvalid, ValueError) as error:
        raise SegmentDamaged(opening.first, f"its checkpoint or path is none ({error})") from error
    if reached != note.root:
        raise SegmentDamaged(opening.first, f"its events do not lead to the root of checkpoint {note.size}")
    return events, root


def root_above(first: int, last: int, size: int, root: bytes, path: Sequence[bytes]) -> bytes:
    """Where *path* leads from the *root* over positions *first* to *last* in a tree of *size*.   Raises ValueError."""
    level = level_of(first, last)
    return root_of_inclusion((first - 1) >> level, (size + (1 << level) - 1) >> level, root, path)


def level_of(first: int, last: int) -> int:
    """The level of the subtree that they are.   Raises ValueError."""
    level = (last - first + 1).bit_length() - 1
    if last - first + 1 != 1 << level or (first - 1) % (1 << level):
        raise ValueError(f"positions {first} to {last} are no complete subtree")
    return level


def opening_of(first: int, last: int, checkpoint: str, path: Sequence[bytes]) -> Opening:
    texts = [b64encode(each).decode() for each in path]
    return Opening(format=FORMAT, first=first, last=last, checkpoint=checkpoint, path=texts)


_event = msgspec.json.Decoder(Event).decode
