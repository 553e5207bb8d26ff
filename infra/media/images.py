"""Is this an image that may be stored? By its structure, its size and a full decode."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image

from domain.assets.media import MediaRejected
from domain.kernel import limits
from infra.media.containers import check_end
from infra.media.png_rows import has_all_rows

#: Content type -> Pillow's name of the format.
FORMATS = {"image/gif": "GIF", "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
SIDE_MAX = 16_384
ORIENTATION = 0x0112
#: Orientations of the camera that swap width and height.
SIDEWAYS = frozenset({5, 6, 7, 8})
#: All that Pillow's decoders raise for bad input.
DECODE_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error, zlib.error)


def check_image(data: bytes, content_type: str) -> tuple[int, int]:
    """Width and height as it is shown.   Raises MediaRejected.

    Every pixel is decoded. A GIF may move; a moving PNG or WebP is refused.
    """
    check_end(content_type, data)
    with opened(data, content_type) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and content_type != "image/gif":
            raise MediaRejected("animated")
        if content_type == "image/png" and not has_all_rows(data):
            raise MediaRejected("truncated")
        _decode(image, frames)
        width, height = image.size
        if image.getexif().get(ORIENTATION) in SIDEWAYS:
            width, height = height, width
    return width, height


@contextmanager
def opened(data: bytes, content_type: str) -> Iterator[Image.Image]:
    """The image, its size already checked; only this format's decoder sees the bytes.   Raises MediaRejected, also in the block."""
    with decoding(), Image.open(BytesIO(data), formats=(FORMATS[content_type],)) as image:
        check_size(*image.size)
        yield image


def check_size(width: int, height: int, *, side_max: int = SIDE_MAX) -> None:
    """By the header, before any pixel is decoded.   Raises MediaRejected."""
    if width * height > limits.IMAGE_PIXELS_MAX or max(width, height) > side_max:
        raise MediaRejected("too_many_pixels")


def _decode(image: Image.Image, frames: int) -> None:
    if frames > limits.ANIMATION_FRAMES_MAX:
        raise MediaRejected("too_many_frames")
    if frames * image.size[0] * image.size[1] > max(limits.ANIMATION_PIXELS_MAX, limits.IMAGE_PIXELS_MAX):
        raise MediaRejected("too_many_pixels")
    for frame in range(frames):
        if frame:
            image.seek(frame)
        image.load()
    if frames > 1:
        image.seek(0)


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
