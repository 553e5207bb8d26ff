"""Noise of many sizes added up: clouds, rock, waves, paper. Values lie around 0 to 1 with 0.5 as their middle."""

import numpy as np

from workers.providers.sketch.arrays import Field, resized
from workers.providers.sketch.dice import Dice

#: Noise is made no finer than this and then stretched; the finest octave hides the stretching.
SIDE_MAX = 640


def field(dice: Dice, width: int, height: int, *, cells: float, stretch: float = 1.0, octaves: int = 5, gain: float = 0.5) -> Field:
    """Two dimensions. *cells* lumps along the shorter side; *stretch* > 1 makes them that much wider than high."""
    scale = min(1.0, SIDE_MAX / max(width, height))
    w, h = max(2, round(width * scale)), max(2, round(height * scale))
    unit = min(w, h)
    total, weight, sum_of_weights = np.zeros((h, w), np.float32), 1.0, 0.0
    for octave in range(octaves):
        columns = max(2, round(cells * 2**octave * w / unit / stretch)) + 1
        rows = max(2, round(cells * 2**octave * h / unit)) + 1
        if columns > w or rows > h:
            total += weight * dice.many(h, w)
        else:
            total += weight * resized(dice.many(rows, columns), w, h)
        sum_of_weights += weight
        weight *= gain
    total /= sum_of_weights
    return total if (w, h) == (width, height) else resized(total, width, height)


def line(dice: Dice, length: int, *, cells: float, octaves: int = 6, gain: float = 0.5, sharp: float = 0.0) -> Field:
    """One dimension: a horizon. *sharp* 1 turns valleys into creases and tops into peaks."""
    total, weight, sum_of_weights = np.zeros(length, np.float32), 1.0, 0.0
    at = np.linspace(0, 1, length, dtype=np.float32)
    for octave in range(octaves):
        knots = max(2, round(cells * 2**octave)) + 2
        place = at * (knots - 1.001)
        left = place.astype(np.int32)
        t = place - left
        t = t * t * (3 - 2 * t)
        values = dice.many(knots + 1)
        wave = values[left] * (1 - t) + values[left + 1] * t
        peaks = 1 - np.abs(2 * wave - 1)
        total += weight * (wave * (1 - sharp) + peaks * sharp)
        sum_of_weights += weight
        weight *= gain
    return total / np.float32(sum_of_weights)


def stretched(values: Field) -> Field:
    """The same noise spread over the whole range from 0 to 1."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / np.float32(max(high - low, 1e-6))
