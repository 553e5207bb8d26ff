"""A small picture of a picture: upright, without metadata, the same bytes every time."""

from io import BytesIO

from PIL import Image, ImageOps

from workers.media.check import check_size, decoding
from workers.media.containers import kind_of

THUMBNAIL_SIDE_MAX = 512
THUMBNAIL_TYPE = "image/webp"
QUALITY = 82


def thumbnail(data: bytes) -> bytes:
    """WebP of at most 512 x 512, never larger than the original.   Raises MediaRejected."""
    with decoding(), Image.open(BytesIO(data), formats=(kind_of(data),)) as image:
        check_size(image)
        # A JPEG is decoded at a half, a quarter or an eighth when that suffices.
        image.draft("RGB", (THUMBNAIL_SIDE_MAX * 2, THUMBNAIL_SIDE_MAX * 2))
        upright = ImageOps.exif_transpose(image)
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        upright.thumbnail((THUMBNAIL_SIDE_MAX, THUMBNAIL_SIDE_MAX), Image.Resampling.LANCZOS)
        out = BytesIO()
        upright.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
