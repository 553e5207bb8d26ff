"""Operations that move pixels: turned, mirrored, cropped, resized, framed, joined. They take and give RGBA."""

from collections.abc import Sequence
from math import ceil, sqrt

from PIL import Image, ImageOps

from workers.providers.retouch.colors import NAMED
from workers.providers.retouch.tone import Change
from workers.providers.retouch.words import Step

SIDE_MIN, SIDE_MAX = 16, 4096
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def rotate(image: Image.Image, step: Step) -> Image.Image:
    """Clockwise. What a slanting picture leaves open is transparent."""
    degrees = step.options["degrees"] % 360
    if degrees in TURNS:
        return image.transpose(TURNS[degrees])
    return image.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)


def upside_down(image: Image.Image, step: Step) -> Image.Image:
    return image.transpose(Image.Transpose.ROTATE_180)


def mirror(image: Image.Image, step: Step) -> Image.Image:
    return ImageOps.mirror(image)


def flip(image: Image.Image, step: Step) -> Image.Image:
    return ImageOps.flip(image)


def square(image: Image.Image, step: Step) -> Image.Image:
    return _cut(image, 1, 1)


def crop(image: Image.Image, step: Step) -> Image.Image:
    return _cut(image, max(1, step.options["width"]), max(1, step.options["height"]))


def _cut(image: Image.Image, wide: int, high: int) -> Image.Image:
    """The biggest part of this shape around the middle."""
    scale = min(image.width / wide, image.height / high)
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def resize(image: Image.Image, step: Step) -> Image.Image:
    """To a share of its size, or to a width or height; never beyond what is allowed."""
    if "percent" in step.options:
        scale = step.options["percent"] / 100
    elif "width" in step.options:
        scale = step.options["width"] / image.width
    else:
        scale = step.options["height"] / image.height
    scale = min(scale, SIDE_MAX / max(image.size))
    return image.resize((max(SIDE_MIN, round(image.width * scale)), max(SIDE_MIN, round(image.height * scale))), Image.Resampling.LANCZOS)


def resize_to(image: Image.Image, step: Step) -> Image.Image:
    """Exactly this size, cut around the middle where the shapes differ."""
    width, height = (min(SIDE_MAX, max(SIDE_MIN, step.options[side])) for side in ("width", "height"))
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def border(image: Image.Image, step: Step) -> Image.Image:
    """A frame around the picture; the picture itself is not covered."""
    wide = max(2, round(min(image.size) * 0.045 * step.amount))
    return ImageOps.expand(image, wide, fill=(*NAMED[step.options["color"]], 255))


def collage(images: Sequence[Image.Image]) -> Image.Image:
    """All in one row, or in a square of rows when there are more than three; as high as the first, white between."""
    columns = len(images) if len(images) <= 3 else ceil(sqrt(len(images)))
    rows = ceil(len(images) / columns)
    width, height = (max(SIDE_MIN, min(side, SIDE_MAX // max(columns, rows))) for side in images[0].size)
    gap = max(2, height // 60)
    sheet = Image.new("RGBA", (columns * (width + gap) + gap, rows * (height + gap) + gap), (255, 255, 255, 255))
    for place, image in enumerate(images):
        fitted = ImageOps.pad(image, (width, height), Image.Resampling.LANCZOS, color=(255, 255, 255, 255))
        sheet.paste(fitted, (gap + place % columns * (width + gap), gap + place // columns * (height + gap)))
    return sheet


MOVES: dict[str, Change] = {each.__name__: each for each in (border, crop, flip, mirror, resize, resize_to, rotate, square, upside_down)}
