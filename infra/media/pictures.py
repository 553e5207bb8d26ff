"""Pictures made of pictures: upright, without metadata, the same bytes every time."""

from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from infra.media.images import decoding, opened

THUMBNAIL_SIDE_MAX = 512
QUALITY = 82
WHITE = (255, 255, 255)


def thumbnail(data: bytes, content_type: str) -> bytes:
    """WebP of at most 512 x 512, never larger than the original.   Raises MediaRejected."""
    with opened(data, content_type) as image:
        # A JPEG is decoded at a half, a quarter or an eighth when that suffices.
        image.draft("RGB", (THUMBNAIL_SIDE_MAX * 2, THUMBNAIL_SIDE_MAX * 2))
        return small(_upright(image))


def small(image: Image.Image) -> bytes:
    """*image* as a thumbnail."""
    image.thumbnail((THUMBNAIL_SIDE_MAX, THUMBNAIL_SIDE_MAX), Image.Resampling.LANCZOS)
    return _saved(image, "webp")


def rendition(data: bytes, content_type: str, *, width: int, format: str) -> bytes:
    """The image *width* pixels wide, never wider than it is, as "jpeg", "png" or "webp".   Raises MediaRejected.

    JPEG knows no transparency: what is behind it becomes white. Of a moving GIF it is the first picture.
    """
    with opened(data, content_type) as image:
        if width < image.size[0]:
            image.draft("RGB", (width * 2, width * 2))
        upright = _upright(image)
        if width < upright.width:
            height = max(1, round(upright.height * width / upright.width))
            upright = upright.resize((width, height), Image.Resampling.LANCZOS)
        return _saved(upright, format)


def _upright(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image)
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def _saved(image: Image.Image, format: str) -> bytes:
    out = BytesIO()
    options: dict[str, Any] = {"jpeg": {"quality": QUALITY}, "png": {}, "webp": {"quality": QUALITY, "method": 4}}[format]
    if format == "jpeg" and image.mode == "RGBA":
        white = Image.new("RGB", image.size, WHITE)
        white.paste(image, mask=image.getchannel("A"))
        image = white
    with decoding():
        image.save(out, format.upper(), **options)
    return out.getvalue()
