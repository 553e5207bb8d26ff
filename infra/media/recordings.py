"""Where a file of sound or moving pictures ends by its own structure. What a recorder left open has no end that could be wrong."""

import os
from collections.abc import Callable
from typing import BinaryIO

from domain.assets.media import MediaRejected
from infra.media.magic import EBML

EBML_SEGMENT = b"\x18\x53\x80\x67"
#: A WAV whose writer could not go back to fill in the length.
OPEN_LENGTHS = frozenset({0, 0xFFFF_FFFF})
OGG_HEADER_BYTES = 27


def check_end(file: BinaryIO, content_type: str) -> None:
    """The file ends where its structure says.   Raises MediaRejected: truncated or trailing_data."""
    size = file.seek(0, os.SEEK_END)
    end = _ENDS.get(content_type, _open_end)(file, size)
    file.seek(0)
    if end > size:
        raise MediaRejected("truncated")
    if end < size:
        raise MediaRejected("trailing_data")


def _open_end(file: BinaryIO, size: int) -> int:
    return size


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Boxes follow one another: length, name, content; a length of 1 stands for a long one, 0 for all that is left."""
    place, names = 0, set()
    while place < size:
        length, name = _box(file, place, size)
        if length < 8 or not name.isascii():
            return place
        names.add(name)
        place += length
    # Without its index nothing can be played: the recording was cut off.
    return place if b"moov" in names else size + 1


def _box(file: BinaryIO, place: int, size: int) -> tuple[int, bytes]:
    file.seek(place)
    head = file.read(16)
    length = int.from_bytes(head[:4], "big")
    if length == 0:
        return size - place, head[4:8]
    return int.from_bytes(head[8:16], "big") if length == 1 else length, head[4:8]


def _wav_end(file: BinaryIO, size: int) -> int:
    file.seek(4)
    length = int.from_bytes(file.read(4), "little")
    return size if length in OPEN_LENGTHS else 8 + length + (length % 2 if 8 + length < size else 0)


def _webm_end(file: BinaryIO, size: int) -> int:
    """The header, then one segment with all that plays."""
    place = len(EBML)
    length, width = _ebml_length(file, place)
    place += width + (length or 0)
    file.seek(place)
    if file.read(len(EBML_SEGMENT)) != EBML_SEGMENT:
        return size + 1
    length, width = _ebml_length(file, place + len(EBML_SEGMENT))
    return size if length is None else place + len(EBML_SEGMENT) + width + length


def _ebml_length(file: BinaryIO, place: int) -> tuple[int | None, int]:
    """The number at *place* and its own bytes: the zeros before its first bit say how many follow. All ones: not known."""
    file.seek(place)
    first = file.read(1) or b"\0"
    width = 9 - first[0].bit_length()
    bits = int.from_bytes(first + file.read(width - 1), "big") & ~(1 << (7 * width))
    return (None if bits == (1 << 7 * width) - 1 else bits), width


def _ogg_end(file: BinaryIO, size: int) -> int:
    """Pages follow one another: a header, the lengths of its segments, the segments."""
    place = 0
    while place < size:
        file.seek(place)
        head = file.read(OGG_HEADER_BYTES + 255)
        if not head.startswith(b"OggS"):
            return place
        if len(head) < OGG_HEADER_BYTES or len(head) < OGG_HEADER_BYTES + head[26]:
            return size + 1
        place += OGG_HEADER_BYTES + head[26] + sum(head[OGG_HEADER_BYTES : OGG_HEADER_BYTES + head[26]])
    return place


_ENDS: dict[str, Callable[[BinaryIO, int], int]] = {
    "audio/ogg": _ogg_end,
    "audio/wav": _wav_end,
    "video/mp4": _mp4_end,
    "video/webm": _webm_end,
}
