"""Plain shapes that stand out from a background: how many, where, how round. By outlines only; nothing is recognised."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workers.providers.look.blobs import labelled
from workers.providers.look.palette import name_of

SIDE = 256
#: Areas smaller than this share of the picture are grain.
SHARE_MIN = 0.003
SHAPES_MAX = 5
#: An ellipse fills what its spread says exactly; a rectangle 95.5 % of it, a triangle 82.7 %.
ROUND, RECTANGULAR, TRIANGULAR = 0.976, 0.915, (0.76, 0.875)


def shapes(image: Image.Image) -> dict[str, Any]:
    """{"count", "background", "largest": [{"shape", "color", "x", "y", "share", "roundness"}]}; x and y from 0 to 1."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    background, distance = _background(pixels)
    threshold = max(28.0, _otsu(distance))
    labels = labelled(distance > threshold)
    found = []
    for number, size in enumerate(np.bincount(labels.ravel())[1:], 1):
        if size >= SHARE_MIN * labels.size:
            found.append(_described(labels == number, pixels))
    found.sort(key=lambda shape: (-shape["share"], shape["x"]))
    return {"count": len(found), "background": name_of(background), "largest": found[:SHAPES_MAX]}


def _background(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The middle colour of the rim, and how far everything is from it."""
    rim = np.concatenate(
        [pixels[:2].reshape(-1, 3), pixels[-2:].reshape(-1, 3), pixels[:, :2].reshape(-1, 3), pixels[:, -2:].reshape(-1, 3)]
    )
    background = np.median(rim, axis=0)
    return background, np.sqrt(((pixels - background) ** 2).sum(axis=2))


def _otsu(values: NDArray[np.float32]) -> float:
    """The threshold that parts *values* best into two groups."""
    counts, edges = np.histogram(values, bins=64)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][int(np.nanargmax(np.where(np.isfinite(between), between, -1)))])


def _described(mask: NDArray[np.bool_], pixels: NDArray[np.float32]) -> dict[str, Any]:
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    spread = np.cov(np.stack([columns, rows]).astype(np.float64), bias=True) + np.eye(2) / 12
    long, short = sorted(np.linalg.eigvalsh(spread), reverse=True)
    filled = float(len(rows) / (4 * np.pi * np.sqrt(long * short)))
    even = float(np.sqrt(short / long))
    return {
        "shape": _kind(filled, even),
        "color": name_of(np.median(pixels[mask], axis=0)),
        "x": round(float(columns.mean() + 0.5) / width, 3),
        "y": round(float(rows.mean() + 0.5) / height, 3),
        "share": round(len(rows) / mask.size, 4),
        "roundness": round(min(1.0, filled) * even, 3),
    }


def _kind(filled: float, even: float) -> str:
    if filled > ROUND:
        return "circle" if even > 0.9 else "ellipse"
    if filled > RECTANGULAR:
        return "square" if even > 0.9 else "rectangle"
    return "triangle" if TRIANGULAR[0] < filled < TRIANGULAR[1] else "irregular"
