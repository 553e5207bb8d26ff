"""Reading an answer's body up to a limit of decoded bytes: a small answer may unpack to a very large one."""

import zlib
from collections.abc import AsyncIterator

import httpx

#: zlib's window bits that accept gzip and zlib headers alike.
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
PIECE_BYTES_MAX = 1 << 20


class BodyTooLarge(Exception):
    """More than the limit, as sent or unpacked."""


class BodyUnreadable(Exception):
    """Packed in a way we did not ask for, or damaged."""


async def read_body(answer: httpx.Response, bytes_max: int) -> bytes:
    """The decoded body of a streamed answer.   Raises BodyTooLarge, BodyUnreadable, httpx.TransportError."""
    declared = answer.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bytes_max:
        raise BodyTooLarge
    body = bytearray()
    async for piece in pieces(answer, bytes_max):
        body += piece
    return bytes(body)


async def pieces(answer: httpx.Response, bytes_max: int) -> AsyncIterator[bytes]:
    """The decoded body as it comes.   Raises as `read_body` does."""
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("deflate", "gzip", "identity", "x-gzip"):
        raise BodyUnreadable(packing)
    inflate = None if packing == "identity" else zlib.decompressobj(GZIP_OR_ZLIB)
    room = bytes_max
    async for raw in answer.aiter_raw():
        for piece in (raw,) if inflate is None else _inflated(inflate, raw):
            room -= len(piece)
            if room < 0:
                raise BodyTooLarge
            yield piece
    if inflate is not None and not inflate.eof:
        raise BodyUnreadable("cut short")


def _inflated(inflate: "zlib._Decompress", packed: bytes):  # type: ignore[no-untyped-def]
    """In pieces, so that one packet can never fill the memory."""
    try:
        while packed and not inflate.eof:
            yield inflate.decompress(packed, PIECE_BYTES_MAX)
            packed = inflate.unconsumed_tail
    except zlib.error as error:
        raise BodyUnreadable("damaged") from error
