"""Operations on the grain of a picture: sharpness, noise, blocks, drawn lines, the hands of the sketch's styles."""

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from workers.providers.retouch.tone import Change
from workers.providers.retouch.words import Step
from workers.providers.sketch.arrays import from_image, to_image
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.finish import finish
from workers.providers.sketch.palettes import STYLES, TIMES
from workers.providers.sketch.stage import Stage
from workers.providers.sketch.words import Wishes


def blur(image: Image.Image, step: Step) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(1.0, min(image.size) * 0.012 * step.amount)))


def sharpen(image: Image.Image, step: Step) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(radius=max(1.0, min(image.size) * 0.003), percent=round(160 * step.amount), threshold=1))


def noise(image: Image.Image, step: Step) -> Image.Image:
    """Grain of the light alone, alike in all channels."""
    grain = Dice(f"grain/{image.size}/{step.amount:.3f}").many(image.height, image.width, 1) - np.float32(0.5)
    return to_image(from_image(image) + grain * np.float32(0.22 * step.amount))


def pixelate(image: Image.Image, step: Step) -> Image.Image:
    """Blocks of a 48th of the shorter side."""
    block = max(2, round(min(image.size) / 48 * step.amount))
    small = image.resize((max(1, image.width // block), max(1, image.height // block)), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)


def vignette(image: Image.Image, step: Step) -> Image.Image:
    y = np.linspace(-1, 1, image.height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, image.width, dtype=np.float32)[None, :]
    shade = 1 - np.clip((x * x + y * y) / 2, 0, 1) ** 1.3 * np.float32(min(1.0, 0.75 * step.amount))
    return to_image(from_image(image) * shade[..., None].astype(np.float32))


def emboss(image: Image.Image, step: Step) -> Image.Image:
    return ImageOps.grayscale(image).filter(ImageFilter.EMBOSS).convert("RGB")


def pencil(image: Image.Image, step: Step) -> Image.Image:
    """Lines where light changes: the picture divided by its own soft shadow."""
    grey = ImageOps.grayscale(image)
    soft = grey.filter(ImageFilter.GaussianBlur(max(1.5, min(image.size) * 0.008)))
    below = np.maximum(np.asarray(soft, np.float32), 1)
    lines = np.clip(np.asarray(grey, np.float32) / below, 0, 1) ** (2 * step.amount)
    return Image.fromarray((lines * 255).astype(np.uint8)).convert("RGB")


def style(image: Image.Image, step: Step) -> Image.Image:
    """The hand that `builtin/sketch-1` lays over its scenes, over this picture; in its own colours as far as it is painted anew."""
    name = step.options["style"]
    painted = _finished(image, name, frozenset())
    return painted if step.amount >= 1 else Image.blend(image, painted, 0.6)


def rain(image: Image.Image, step: Step) -> Image.Image:
    return _falling(image, "rain")


def snow(image: Image.Image, step: Step) -> Image.Image:
    return _falling(image, "snow")


def _falling(image: Image.Image, weather: str) -> Image.Image:
    """Only what falls is taken over, by the difference to the same picture in dry weather."""
    dry, wet = _finished(image, "photo", frozenset()), _finished(image, "photo", frozenset({weather}))
    return ImageChops.add(image, ImageChops.subtract(wet, dry))


def _finished(image: Image.Image, style: str, weather: frozenset[str]) -> Image.Image:
    wishes = Wishes(scene=None, subject=None, time=None, weather=weather, style=style)
    palette = STYLES[style][0] if style in STYLES else TIMES["day"]
    stage = Stage(image.width, image.height, palette=palette, dice=Dice(f"retouch/{style}"), wishes=wishes, style=style)
    stage.picture[:] = from_image(image)
    return finish(stage)


TEXTURES: dict[str, Change] = {
    each.__name__: each for each in (blur, emboss, noise, pencil, pixelate, rain, sharpen, snow, style, vignette)
}  # fmt: skip
