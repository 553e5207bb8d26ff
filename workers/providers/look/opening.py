"""Pictures opened small: a photo of 60 megapixels is decoded as small as its format allows before it is worked on."""

from io import BytesIO

from PIL import ExifTags, Image, ImageOps

#: Modes that cannot be shrunk without being converted first.
INDEXED = frozenset({"1", "P", "PA"})
SIDEWAYS = frozenset({5, 6, 7, 8})


def opened(data: bytes, side_max: int) -> Image.Image:
    """RGBA, the way its camera was held, without its metadata, no side longer than *side_max*. Of an animation the first picture."""
    with Image.open(BytesIO(data)) as file:
        return upright(file, side_max)


def upright(file: Image.Image, side_max: int) -> Image.Image:
    """Like `opened`, of an open file, which is used up."""
    if file.mode in INDEXED or "transparency" in file.info:
        image = ImageOps.exif_transpose(file).convert("RGBA")
        image.thumbnail((side_max, side_max), Image.Resampling.BOX)
    else:
        file.thumbnail((side_max, side_max), Image.Resampling.LANCZOS)
        image = ImageOps.exif_transpose(file).convert("RGBA")
    image.info.clear()
    return image


def shown_size(file: Image.Image) -> tuple[int, int]:
    """Width and height as it is shown."""
    width, height = file.size
    return (height, width) if file.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS else (width, height)
