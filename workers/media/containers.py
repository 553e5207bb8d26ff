"""Where an image file ends by its own structure, so that nothing can hide behind it and nothing is missing.

Decoders stop at what they need: they accept a picture with a script glued to its end, or without its last chunk.
"""

from workers.media.rejected import MediaRejected

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
#: JPEG markers without a length: TEM and the restart markers.
BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
END_OF_IMAGE, START_OF_SCAN = 0xD9, 0xDA


def kind_of(data: bytes) -> str:
    """PNG, JPEG or WEBP, by the first bytes.   Raises MediaRejected."""
    if data.startswith(PNG):
        return "PNG"
    if data.startswith(JPEG):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise MediaRejected("unknown_type")


def check_end(kind: str, data: bytes) -> None:
    """The file ends where its structure says.   Raises MediaRejected: truncated or trailing_data."""
    end = {"JPEG": _jpeg_end, "PNG": _png_end, "WEBP": _webp_end}[kind](data)
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
