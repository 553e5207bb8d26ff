"""Operations on light and colour. Each takes a picture (RGB) and the step, and gives the picture changed."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from workers.providers.retouch.colors import NAMED
from workers.providers.retouch.words import Step
from workers.providers.sketch.arrays import from_image, luminance, to_image

Change = Callable[[Image.Image, Step], Image.Image]


def brighter(image: Image.Image, step: Step) -> Image.Image:
    """The middle goes up, black and white stay."""
    return _curve(image, 1 / (1 + 0.55 * step.amount))


def darker(image: Image.Image, step: Step) -> Image.Image:
    return _curve(image, 1 + 0.55 * step.amount)


def _curve(image: Image.Image, gamma: float) -> Image.Image:
    table = [round(255 * (value / 255) ** gamma) for value in range(256)]
    return image.point(table * 3)


def more_contrast(image: Image.Image, step: Step) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(1 + 0.4 * step.amount)


def less_contrast(image: Image.Image, step: Step) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(max(0.1, 1 - 0.35 * step.amount))


def more_saturation(image: Image.Image, step: Step) -> Image.Image:
    return ImageEnhance.Color(image).enhance(1 + 0.6 * step.amount)


def less_saturation(image: Image.Image, step: Step) -> Image.Image:
    return ImageEnhance.Color(image).enhance(max(0.0, 1 - 0.5 * step.amount))


def warmer(image: Image.Image, step: Step) -> Image.Image:
    return _channels(image, 1 + 0.12 * step.amount, 1 + 0.02 * step.amount, 1 - 0.14 * step.amount)


def cooler(image: Image.Image, step: Step) -> Image.Image:
    return _channels(image, 1 - 0.13 * step.amount, 1.0, 1 + 0.13 * step.amount)


def _channels(image: Image.Image, red: float, green: float, blue: float) -> Image.Image:
    return image.point([min(255, max(0, round(value * gain))) for gain in (red, green, blue) for value in range(256)])


def black_and_white(image: Image.Image, step: Step) -> Image.Image:
    return ImageOps.grayscale(image).convert("RGB")


def sepia(image: Image.Image, step: Step) -> Image.Image:
    return ImageOps.colorize(ImageOps.grayscale(image), black="#1c1008", mid="#a07850", white="#fff3dc")


def invert(image: Image.Image, step: Step) -> Image.Image:
    return ImageOps.invert(image)


def posterize(image: Image.Image, step: Step) -> Image.Image:
    """Four levels for each channel, fewer when more is asked for."""
    levels = 3 if step.amount > 1 else 4 if step.amount == 1 else 6
    table = [round(round(value / 255 * (levels - 1)) / (levels - 1) * 255) for value in range(256)]
    return image.point(table * 3)


def tint(image: Image.Image, step: Step) -> Image.Image:
    """Towards the colour: its hue everywhere, the light and dark of the picture kept."""
    red, green, blue = NAMED[step.options["color"]]
    grey = ImageOps.grayscale(image)
    low, high = (round(part * 0.15) for part in (red, green, blue)), (round(255 - (255 - part) * 0.25) for part in (red, green, blue))
    colored = ImageOps.colorize(grey, black=tuple(low), mid=(red, green, blue), white=tuple(high))
    return Image.blend(image, colored, min(1.0, 0.6 * step.amount))


def night(image: Image.Image, step: Step) -> Image.Image:
    """Dark and blue, with what was brightest still lit."""
    picture = from_image(image)
    light = luminance(picture)[..., None]
    dark = (picture * 0.4 + light * 0.6) * np.array([0.20, 0.27, 0.48], np.float32)
    lit = np.clip((light - 0.82) / 0.18, 0, 1) ** 2
    changed = dark + (picture * np.array([1.0, 0.85, 0.6], np.float32) - dark) * lit * np.float32(0.6)
    return Image.blend(image, to_image(changed), min(1.0, 0.85 * step.amount + 0.15))


def sunset(image: Image.Image, step: Step) -> Image.Image:
    """Warm light from above that reddens downwards."""
    picture = from_image(image)
    place = np.linspace(0, 1, image.height, dtype=np.float32)[:, None, None]
    above, below = np.array([1.12, 0.86, 0.72], np.float32), np.array([1.05, 0.66, 0.5], np.float32)
    glow = np.exp(-(((place - 0.45) / 0.25) ** 2)) * np.array([0.16, 0.07, 0.0], np.float32)
    return Image.blend(image, to_image(picture * (above + (below - above) * place) + glow), min(1.0, 0.75 * step.amount + 0.15))


TONES: dict[str, Change] = {
    each.__name__: each
    for each in (
        *(black_and_white, brighter, cooler, darker, invert, less_contrast, less_saturation, more_contrast, more_saturation),
        *(night, posterize, sepia, sunset, tint, warmer),
    )
}
