"""How two pictures differ: pixel by pixel, and as a glance would see it."""

import hashlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from workers.providers.look.opening import shown_size, upright

SIDE = 256


def compare(one: bytes, other: bytes) -> dict[str, Any]:
    """{"same_bytes", "same_size", "mean_difference" (0 to 1), "hash_distance" (of 64), "verdict"}."""
    (size, pixels, hashed), (other_size, other_pixels, other_hashed) = _seen(one), _seen(other)
    difference = float(np.abs(pixels - other_pixels).mean()) / 255
    distance = int((hashed != other_hashed).sum())
    verdict = "different"
    if difference < 0.0005 and size == other_size:
        verdict = "identical"
    elif difference < 0.03 and distance <= 6:
        verdict = "nearly the same"
    elif distance <= 12:
        verdict = "similar"
    return {
        "same_bytes": hashlib.sha256(one).digest() == hashlib.sha256(other).digest(),
        "same_size": size == other_size,
        "mean_difference": round(difference, 4),
        "hash_distance": distance,
        "verdict": verdict,
    }


def _seen(data: bytes) -> tuple[tuple[int, int], np.ndarray, np.ndarray]:
    """Size, pixels at one common size, and 64 bits: whether it gets darker from each cell to the next."""
    with Image.open(BytesIO(data)) as file:
        size = shown_size(file)
        image = upright(file, 4 * SIDE).convert("RGB")
    common = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    cells = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    return size, common, cells[:, 1:] > cells[:, :-1]
