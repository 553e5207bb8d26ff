"""Counting a body by its decoded bytes while it arrives: a small answer may unpack to a very large one."""

import zlib

#: zlib's window bits that accept gzip and zlib headers alike.
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
PACKINGS = frozenset({"deflate", "gzip", "identity", "x-gzip"})


class BodyTooLarge(Exception):
    """More than the limit, as sent or unpacked."""


class BodyUnreadable(Exception):
    """Packed in a way we did not ask for, or damaged."""


class Body:
    """One arriving body of at most *bytes_max*.   Raises BodyTooLarge, BodyUnreadable."""

    def __init__(self, bytes_max: int, *, packing: str = "identity", declared: str = "") -> None:
        """*packing* is the header Content-Encoding, *declared* the header Content-Length, empty when absent."""
        self._packing = packing.strip().lower() or "identity"
        if self._packing not in PACKINGS:
            raise BodyUnreadable(self._packing)
        if declared.isdigit() and int(declared) > bytes_max:
            raise BodyTooLarge
        self._bytes_max = bytes_max
        self._inflate = None if self._packing == "identity" else zlib.decompressobj(GZIP_OR_ZLIB)
        self._data = bytearray()

    def take(self, piece: bytes) -> None:
        """The next bytes as they came. No packet can fill the memory: no more is unpacked than may still come."""
        room = self._bytes_max - len(self._data)
        self._data += piece if self._inflate is None else self._inflated(piece, room + 1)
        if len(self._data) > self._bytes_max:
            raise BodyTooLarge

    def whole(self) -> bytes:
        """The decoded body, after its last piece."""
        if self._inflate is not None and not self._inflate.eof:
            raise BodyUnreadable("cut short")
        return bytes(self._data)

    def _inflated(self, piece: bytes, length_max: int) -> bytes:
        assert self._inflate is not None
        try:
            return self._inflate.decompress(piece, length_max)
        except zlib.error as error:
            raise BodyUnreadable("damaged") from error
