"""Pixels to files with fixed parameters, so that the same picture is the same file."""

from io import BytesIO

from PIL import Image

#: The words of the API, and what Pillow is told. Nothing here may depend on the machine or the day.
FORMATS: dict[str, tuple[str, str, dict[str, object]]] = {
    "jpeg": ("image/jpeg", "JPEG", {"quality": 92, "subsampling": 0, "optimize": False, "progressive": False}),
    "png": ("image/png", "PNG", {"compress_level": 3, "optimize": False}),
    "webp": ("image/webp", "WEBP", {"quality": 90, "method": 2, "lossless": False}),
}


def encode(image: Image.Image, format: str) -> bytes:
    """*format* is png, jpeg or webp."""
    _, name, options = FORMATS[format]
    out = BytesIO()
    image.save(out, name, **options)
    return out.getvalue()


def content_type(format: str) -> str:
    return FORMATS[format][0]
