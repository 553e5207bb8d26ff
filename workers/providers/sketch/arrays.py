"""The two shapes of everything drawn: a field (height, width) and a picture (height, width, 3), both float32."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]
Picture = NDArray[np.float32]
Color = tuple[float, float, float]


def smooth(low: Any, high: float, values: Any) -> Any:
    """0 below *low*, 1 above *high*, and an S curve between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def resized(field: Field, width: int, height: int, method: Image.Resampling = Image.Resampling.BICUBIC) -> Field:
    return np.asarray(Image.fromarray(field).resize((width, height), method), dtype=np.float32)


def blurred(field: Field, radius: float) -> Field:
    """A wide blur, cheap: shrink, then stretch. *radius* in pixels."""
    height, width = field.shape
    factor = max(1.0, radius)
    small = resized(field, max(2, round(width / factor)), max(2, round(height / factor)), Image.Resampling.BOX)
    return resized(small, width, height)


def shifted(field: Any, dx: int, dy: int) -> Any:
    """The field moved *dx* to the right and *dy* down; its edges are drawn out, not wrapped."""
    height, width = field.shape[:2]
    rows = np.clip(np.arange(height) - dy, 0, height - 1)
    columns = np.clip(np.arange(width) - dx, 0, width - 1)
    return field[rows][:, columns]


def mirrored(place: Any, length: int) -> Any:
    """Whole indices from 0 to *length* - 1; a place outside is reflected at the edge, where clipping would draw streaks."""
    inside = np.abs(place).astype(np.int32)
    return np.clip(np.minimum(inside, 2 * (length - 1) - inside), 0, length - 1)


def softened(field: Field, times: int = 2) -> Field:
    """A small blur: every pixel and its neighbours. Takes the steps out of a field that was looked up."""
    for _ in range(times):
        padded = np.pad(field, 1, mode="edge")
        across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
        field = (across[:-2] + 2 * across[1:-1] + across[2:]) / np.float32(16)
    return field


def mix(a: Color, b: Color, amount: float) -> Color:
    return (a[0] + (b[0] - a[0]) * amount, a[1] + (b[1] - a[1]) * amount, a[2] + (b[2] - a[2]) * amount)


def array_of(color: Color) -> NDArray[np.float32]:
    return np.array(color, dtype=np.float32)


def hex_color(text: str) -> Color:
    return tuple(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


def luminance(picture: Picture) -> Field:
    return picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def to_image(picture: Picture) -> Image.Image:
    return Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def from_image(image: Image.Image) -> Picture:
    return np.asarray(image, dtype=np.float32) / np.float32(255)
