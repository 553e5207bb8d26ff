"""Does a PNG hold all its rows? Pillow shows missing ones as black, so a file cut and closed again would pass for whole."""

import zlib
from collections.abc import Iterator

from infra.media.magic import PNG

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
#: Adam7: first column, first row, column step, row step of each pass.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
PIECE_BYTES = 1 << 20


def has_all_rows(data: bytes) -> bool:
    """Inflates a piece at a time and only counts.   Raises zlib.error."""
    wanted = _wanted(data)
    inflate, found = zlib.decompressobj(), 0
    for body in _image_data(data):
        while body and found < wanted:
            found += len(inflate.decompress(body, PIECE_BYTES))
            body = inflate.unconsumed_tail
    return found + len(inflate.flush()) >= wanted


def _wanted(data: bytes) -> int:
    """The inflated bytes of the picture: each row has one byte for its filter."""
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    bits = data[24] * CHANNELS.get(data[25], 0)
    if not data[28]:
        return height * (1 + (width * bits + 7) // 8)
    total = 0
    for column, row, step_x, step_y in PASSES:
        columns, rows = max(0, -(-(width - column) // step_x)), max(0, -(-(height - row) // step_y))
        total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
    return total


def _image_data(data: bytes) -> Iterator[bytes]:
    place = len(PNG)
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] == b"IDAT":
            yield data[place + 8 : place + 8 + length]
        place += 12 + length
