"""Is this an image that may be stored? By its first bytes, its structure, its size and a full decode."""

import hashlib
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import msgspec
from PIL import Image

from domain.kernel import limits
from workers.media.containers import check_end, kind_of
from workers.media.png_rows import has_all_rows
from workers.media.rejected import MediaRejected

CONTENT_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
SIDE_MAX = 16_384
ORIENTATION = 0x0112
#: Orientations of the camera that swap width and height.
SIDEWAYS = frozenset({5, 6, 7, 8})
#: All that Pillow's decoders raise for bad input.
DECODE_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error, zlib.error)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """An image that may be stored. Width and height are as it is shown; `sha256` is hex."""

    content_type: str
    width: int
    height: int
    bytes: int
    sha256: str


def check_image(data: bytes, declared: str | None = None) -> Checked:
    """Judge *data* by itself; *declared* is what the sender calls it.   Raises MediaRejected.

    Another image type than declared is corrected, because gateways often say PNG and send JPEG; a declared type that is no
    image at all is refused before a decoder sees the bytes.
    """
    if not data:
        raise MediaRejected("empty")
    if len(data) > limits.ARTEFACT_BYTES_MAX:
        raise MediaRejected("too_large")
    if declared is not None and not declared.lower().startswith(("image/", "application/octet-stream")):
        raise MediaRejected("unknown_type")
    kind = kind_of(data)
    check_end(kind, data)
    with decoding(), Image.open(BytesIO(data), formats=(kind,)) as image:
        check_size(image)
        if getattr(image, "n_frames", 1) > 1:
            raise MediaRejected("animated")
        if kind == "PNG" and not has_all_rows(data):
            raise MediaRejected("truncated")
        image.load()
        width, height = image.size
        if image.getexif().get(ORIENTATION) in SIDEWAYS:
            width, height = height, width
    return Checked(content_type=CONTENT_TYPES[kind], width=width, height=height, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def check_size(image: Image.Image) -> None:
    """By the header, before any pixel is decoded."""
    width, height = image.size
    if width * height > limits.IMAGE_PIXELS_MAX or max(width, height) > SIDE_MAX:
        raise MediaRejected("too_many_pixels")


@contextmanager
def decoding() -> Iterator[None]:
    """Pillow's errors as ours. Its warning about bombs is an error here, whatever the process has set."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise MediaRejected("too_many_pixels") from error
    except DECODE_ERRORS as error:
        raise MediaRejected("broken") from error
