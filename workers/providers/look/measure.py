"""The facts of one picture, measured. Shares and levels are from 0 to 1; `*_level` is the same in a word."""

from io import BytesIO
from math import gcd, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workers.providers.look.camera import camera
from workers.providers.look.opening import shown_size, upright
from workers.providers.look.palette import palette
from workers.providers.look.shapes import shapes
from workers.providers.sketch.arrays import luminance

SIDE = 1024
LEVELS: dict[str, tuple[tuple[float, str], ...]] = {
    "brightness": ((0.2, "very dark"), (0.4, "dark"), (0.6, "medium"), (0.8, "bright"), (1.1, "very bright")),
    "contrast": ((0.08, "very low"), (0.15, "low"), (0.25, "medium"), (1.1, "high")),
    "edges": ((0.01, "very few"), (0.05, "few"), (0.15, "many"), (1.1, "very many")),
    "noise": ((0.008, "clean"), (0.03, "slightly grainy"), (2.0, "grainy")),
    "saturation": ((0.03, "grey"), (0.2, "muted"), (0.5, "colourful"), (1.1, "vivid")),
    "sharpness": ((0.0004, "blurred"), (0.002, "soft"), (0.01, "sharp"), (99.0, "very sharp")),
}


def measure(data: bytes, *, place: bool = False) -> dict[str, Any]:
    """All facts. *place*: also where the camera says the picture was taken."""
    with Image.open(BytesIO(data)) as file:
        told = camera(file, place=place)
        format, frames = (file.format or "").lower(), getattr(file, "n_frames", 1)
        has_alpha = "A" in file.getbands() or "transparency" in file.info
        width, height = shown_size(file)
        image = upright(file, SIDE)
    facts: dict[str, Any] = {
        "width": width,
        "height": height,
        "megapixels": round(width * height / 1e6, 2),
        "aspect_ratio": ratio(width, height),
        "orientation": "square" if width == height else "landscape" if width > height else "portrait",
        "format": format,
        "bytes": len(data),
        "animated": frames > 1,
        "frames": frames,
        "camera": told,
    }
    alpha = np.asarray(image.getchannel("A"), np.float32) / 255
    pixels = np.asarray(image.convert("RGB"), np.float32)
    seen = pixels[alpha > 0.5]
    facts |= _light((pixels / 255).astype(np.float32), alpha.astype(np.float32))
    facts["transparency"] = {"has_alpha": has_alpha, "share": round(float(1 - alpha.mean()), 4)}
    facts["palette"] = palette(seen)
    facts["shapes"] = shapes(Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image))
    # From 1e-5, a plain fog, to 0.1, printed letters.
    facts["sharpness_score"] = round(min(1.0, max(0.0, (log10(max(facts["sharpness"], 1e-9)) + 5) / 4)), 2)
    for name, levels in LEVELS.items():
        facts[f"{name}_level"] = next(word for below, word in levels if facts[name] < below)
    return facts


def ratio(width: int, height: int) -> str:
    """The usual name of a shape where it is within 1 % of one, else the shape in lowest terms."""
    for wide, high in ((1, 1), (4, 3), (3, 2), (16, 10), (16, 9), (2, 1), (21, 9)):
        for a, b in ((wide, high), (high, wide)):
            if abs(width / height - a / b) < 0.01 * a / b:
                return f"{a}:{b}"
    part = gcd(width, height)
    return f"{width // part}:{height // part}"


def _light(pixels: NDArray[np.float32], alpha: NDArray[np.float32]) -> dict[str, Any]:
    seen = alpha > 0.5
    if not seen.any():
        seen = np.ones_like(seen)
    light = luminance(pixels).astype(np.float32)
    lit = light[seen]
    most, least = pixels.max(axis=2), pixels.min(axis=2)
    warm = float((pixels[..., 0] - pixels[..., 2])[seen].mean())
    return {
        "brightness": round(float(lit.mean()), 3),
        "contrast": round(float(lit.std()), 3),
        "saturation": round(float((most - least)[seen].mean()), 3),
        "temperature": "warm" if warm > 0.06 else "cool" if warm < -0.06 else "neutral",
        "sharpness": round(_sharpness(light), 5),
        "noise": round(_noise(light), 4),
        "edges": round(_edges(light), 4),
        "symmetry": {"left_right": _symmetry(light, 1), "top_bottom": _symmetry(light, 0)},
        "histogram": {
            "shadows": round(float((lit < 0.25).mean()), 3),
            "midtones": round(float(((lit >= 0.25) & (lit < 0.75)).mean()), 3),
            "highlights": round(float((lit >= 0.75).mean()), 3),
            "black": round(float((lit < 0.01).mean()), 3),
            "white": round(float((lit > 0.99).mean()), 3),
        },
    }


def _sharpness(light: NDArray[np.float32]) -> float:
    """The variance of the Laplacian: how suddenly light changes."""
    if min(light.shape) < 3:
        return 0.0
    around = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:]
    return float((around - 4 * light[1:-1, 1:-1]).var())


def _noise(light: NDArray[np.float32]) -> float:
    """Immerkær's estimate of the grain's standard deviation, by the middle of its values, so that edges hardly count."""
    if min(light.shape) < 3:
        return 0.0
    rows = light[:-2] - 2 * light[1:-1] + light[2:]
    both = rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]
    return float(np.median(np.abs(both)) / 0.6745 / 6)


def _edges(light: NDArray[np.float32]) -> float:
    """The share of places with a clear step to a neighbour."""
    if min(light.shape) < 2:
        return 0.0
    return float((np.hypot(np.diff(light, axis=1)[:-1], np.diff(light, axis=0)[:, :-1]) > 0.1).mean())


def _symmetry(light: NDArray[np.float32], axis: int) -> float:
    """1: both halves mirror each other; 0: they are as unlike as two places of the picture usually are."""
    other = np.flip(light, axis)
    spread = float(np.abs(light - light.mean()).mean())
    if spread < 0.002:
        return 1.0
    return round(max(0.0, 1 - float(np.abs(light - other).mean()) / (1.4 * spread)), 3)
