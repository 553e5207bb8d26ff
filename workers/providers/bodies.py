"""Reading an answer's body up to a limit of decoded bytes: a small answer may unpack to a very large one."""

import zlib

import httpx

#: zlib's window bits that accept gzip and zlib headers alike.
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class BodyTooLarge(Exception):
    """More than the limit, as sent or unpacked."""


class BodyUnreadable(Exception):
    """Packed in a way we did not ask for, or damaged."""


async def read_body(answer: httpx.Response, bytes_max: int) -> bytes:
    """The decoded body of a streamed answer.   Raises BodyTooLarge, BodyUnreadable, httpx.TransportError."""
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("deflate", "gzip", "identity", "x-gzip"):
        raise BodyUnreadable(packing)
    declared = answer.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bytes_max:
        raise BodyTooLarge
    inflate = None if packing == "identity" else zlib.decompressobj(GZIP_OR_ZLIB)
    body = bytearray()
    async for piece in answer.aiter_raw():
        room = bytes_max - len(body)
        body += piece if inflate is None else _inflated(inflate, piece, room + 1)
        if len(body) > bytes_max:
            raise BodyTooLarge
    if inflate is not None and not inflate.eof:
        raise BodyUnreadable("cut short")
    return bytes(body)


def _inflated(inflate: "zlib._Decompress", piece: bytes, length_max: int) -> bytes:
    """At most *length_max* bytes, so that one packet can never fill the memory."""
    try:
        return inflate.decompress(piece, length_max)
    except zlib.error as error:
        raise BodyUnreadable("damaged") from error
