"""Where an image file ends by its own structure, so that nothing can hide behind it and nothing is missing.

Decoders stop at what they need: they accept a picture with a script glued to its end, or without its last chunk.
"""

from domain.assets.media import MediaRejected
from infra.media.magic import PNG

#: JPEG markers without a length: TEM and the restart markers.
BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
END_OF_IMAGE, START_OF_SCAN = 0xD9, 0xDA


#: GIF: what a block begins with, and the bit that says that a table of colours follows.
GIF_EXTENSION, GIF_IMAGE, GIF_TRAILER, GIF_COLOURS = 0x21, 0x2C, 0x3B, 0x80


def check_end(content_type: str, data: bytes) -> None:
    """The file ends where its structure says.   Raises MediaRejected: truncated or trailing_data."""
    end = _ENDS[content_type](data)
    if end is None or end > len(data):
        raise MediaRejected("truncated")
    if end < len(data):
        raise MediaRejected("trailing_data")


def _png_end(data: bytes) -> int | None:
    place = len(PNG)
    while place + 12 <= len(data):
        following = place + 12 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] == b"IEND":
            return following
        place = following
    return None


def _webp_end(data: bytes) -> int | None:
    size = int.from_bytes(data[4:8], "little")
    return 8 + size + size % 2


def _jpeg_end(data: bytes) -> int | None:
    place = 2
    while place + 1 < len(data):
        marker = data[place + 1]
        if data[place] != 0xFF:
            return None
        if marker == 0xFF:
            place += 1
        elif marker == END_OF_IMAGE:
            return place + 2
        elif marker in BARE_MARKERS:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
            if marker == START_OF_SCAN:
                place = _scan_end(data, place)
    return None


def _scan_end(data: bytes, place: int) -> int:
    """The next real marker behind entropy-coded data, in which 0xFF is followed by 0x00 or a restart marker."""
    while (place := data.find(b"\xff", place)) >= 0 and place + 1 < len(data):
        following = data[place + 1]
        if following not in (0x00, 0xFF) and following not in BARE_MARKERS:
            return place
        place += 1 if following == 0xFF else 2
    return len(data)


def _gif_end(data: bytes) -> int | None:
    place = 13 + _gif_colours(data, 10)
    while place < len(data):
        if data[place] == GIF_TRAILER:
            return place + 1
        if data[place] == GIF_IMAGE:
            # Nine bytes of place and size, their colours, one byte for the code size.
            place = _gif_blocks_end(data, place + 11 + _gif_colours(data, place + 9))
        elif data[place] == GIF_EXTENSION:
            place = _gif_blocks_end(data, place + 2)
        else:
            return None
    return None


def _gif_colours(data: bytes, flags: int) -> int:
    """The bytes of the table of colours that the byte at *flags* announces."""
    if flags >= len(data) or not data[flags] & GIF_COLOURS:
        return 0
    return int(3 * 2 ** ((data[flags] & 0x07) + 1))


def _gif_blocks_end(data: bytes, place: int) -> int:
    while place < len(data) and data[place]:
        place += 1 + data[place]
    return place + 1


_ENDS = {"image/gif": _gif_end, "image/jpeg": _jpeg_end, "image/png": _png_end, "image/webp": _webp_end}
