"""The picture in the making, and the few ways of putting colour on it. Rows count from the top, like everywhere in images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from workers.providers.sketch.arrays import Color, Field, Picture, array_of, mix
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.palettes import Palette
from workers.providers.sketch.words import Wishes

#: Shapes are drawn this much bigger and shrunk, which smooths their edges.
OVERSAMPLE = 2
#: Styles whose palette is the whole point.
UNNATURAL = frozenset({"cyberpunk", "dream", "ink", "midnight", "minimal", "neon", "noir", "pop", "retro", "vaporwave"})


class Stage:
    """Everything a scene needs. `unit` is the shorter side: sizes are fractions of it, so a scene fits every format."""

    def __init__(self, width: int, height: int, *, palette: Palette, dice: Dice, wishes: Wishes, style: str) -> None:
        self.width, self.height = width, height
        self.unit = min(width, height)
        self.palette, self.dice, self.wishes, self.style = palette, dice, wishes, style
        self.picture: Picture = np.zeros((height, width, 3), np.float32)
        self.x: NDArray[np.float32] = np.arange(width, dtype=np.float32)[None, :] + np.float32(0.5)
        self.y: NDArray[np.float32] = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
        #: Where the light comes from, in pixels; the sky sets it.
        self.sun: tuple[float, float] = (width * 0.7, height * 0.3)
        #: Where a subject may stand, and how tall: x, y of its feet and its height in pixels. None: there is no place.
        self.standing: tuple[float, float, float] | None = None

    def sky_is_done(self) -> None:
        """Told by every landscape when only its sky is painted: whoever wants the sky for itself takes it then."""

    def gradient(self, stops: Sequence[Color], top: float, bottom: float, rows: int | None = None) -> Picture:
        """One column of colours, (rows, 1, 3), from row *top* to row *bottom*."""
        at = np.linspace(0, 1, len(stops))
        place = np.clip((np.arange(rows or self.height) + 0.5 - top) / max(1.0, bottom - top), 0, 1)
        return np.stack([np.interp(place, at, [stop[i] for stop in stops]) for i in range(3)], axis=-1).astype(np.float32)[:, None, :]

    def paint(self, color: Color | Picture, cover: Field, top: int = 0) -> None:
        """Lay *color* over the rows from *top*, as opaque as *cover* says (0 to 1)."""
        rows, columns = _extent(cover)
        part = self.picture[top : top + cover.shape[0]][rows, columns]
        paint = array_of(color) if isinstance(color, tuple) else color[rows if color.shape[0] > 1 else slice(None)]
        if paint.ndim == 3 and paint.shape[1] > 1:
            paint = paint[:, columns]
        part += (paint - part) * cover[rows, columns, None]

    def shine(self, color: Color, amount: Field | NDArray[Any], top: int = 0) -> None:
        """Add light: never darker, never above white."""
        rows, columns = _extent(amount)
        part = self.picture[top : top + amount.shape[0]][rows, columns]
        part += (1 - part) * (array_of(color) * amount[rows, columns, None])

    def shade(self, amount: Field | NDArray[Any], top: int = 0) -> None:
        """Take light away: 1 is black."""
        self.picture[top : top + amount.shape[0]] *= (1 - amount)[..., None]

    def glow(self, color: Color, center: tuple[float, float], radius: float, strength: float) -> None:
        """A soft round light, drawn only as far as it can be seen."""
        reach = radius * 3
        left, right = (round(min(max(center[0] + sign * reach, 0), self.width)) for sign in (-1, 1))
        top, bottom = (round(min(max(center[1] + sign * reach, 0), self.height)) for sign in (-1, 1))
        if left >= right or top >= bottom:
            return
        distance = ((self.x[:, left:right] - center[0]) ** 2 + (self.y[top:bottom] - center[1]) ** 2) / np.float32(radius * radius)
        part = self.picture[top:bottom, left:right]
        light = np.exp(-distance) * np.clip(9 - distance, 0, 1) * np.float32(strength)
        part += (1 - part) * (array_of(color) * light[..., None])

    def disc(self, center: tuple[float, float], radius: float) -> Field:
        """1 inside a circle, with a smooth edge."""
        return np.clip(radius - np.hypot(self.x - center[0], self.y - center[1]) + 0.5, 0, 1)

    def distant(self, depth: float) -> Color:
        """The land's colour at *depth*: 0 far away, 1 before our feet."""
        return mix(self.palette.far, self.palette.near, depth)

    def natural(self, color: Color, own: Color, amount: float, depth: float) -> Color:
        """*color* drawn towards the thing's *own* colour, in styles that leave things their colours."""
        if self.style in UNNATURAL:
            return color
        lit = mix(own, self.palette.light, 0.25 * (1 - depth))
        tinted = mix(lit, self.palette.near, (0.62 if self.palette.dark else 0.3) * depth + (0.3 if self.palette.dark else 0.05))
        return mix(color, tinted, amount)

    def drawing(self) -> "Drawing":
        return Drawing(self.width, self.height)


def _extent(cover: NDArray[Any]) -> tuple[slice, slice]:
    """The rows and columns where *cover* is anything at all: most shapes are small, and the rest need not be touched."""
    seen = cover > 0.001
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if rows.size == 0:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


class Drawing:
    """A mask made of shapes; coordinates are the picture's pixels."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("L", (width * OVERSAMPLE, height * OVERSAMPLE), 0)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Sequence[tuple[float, float]], value: int = 255) -> None:
        self._draw.polygon([(x * OVERSAMPLE, y * OVERSAMPLE) for x, y in points], fill=value)

    def ellipse(self, x: float, y: float, rx: float, ry: float, value: int = 255) -> None:
        box = [(x - rx) * OVERSAMPLE, (y - ry) * OVERSAMPLE, (x + rx) * OVERSAMPLE, (y + ry) * OVERSAMPLE]
        self._draw.ellipse(box, fill=value)

    def line(self, points: Sequence[tuple[float, float]], width: float, value: int = 255) -> None:
        self._draw.line(
            [(x * OVERSAMPLE, y * OVERSAMPLE) for x, y in points], fill=value, width=max(1, round(width * OVERSAMPLE)), joint="curve"
        )

    def mask(self) -> Field:
        return np.asarray(self._image.reduce(OVERSAMPLE), dtype=np.float32) / np.float32(255)
