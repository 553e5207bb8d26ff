"""What sounds are made of: tones, noise of a colour, and how they begin and end. All arrays are float32 samples, -1 to 1."""

import numpy as np
from numpy.typing import NDArray

from workers.providers.sketch.dice import Dice

RATE = 44_100
Samples = NDArray[np.float32]


def moments(count: int) -> Samples:
    """Seconds of *count* samples."""
    return np.arange(count, dtype=np.float32) / np.float32(RATE)


def tone(frequency: float | Samples, count: int, phase: float = 0.0) -> Samples:
    """A sine; a frequency may change from sample to sample."""
    if isinstance(frequency, float):
        return np.sin(2 * np.pi * frequency * np.arange(count) / RATE + phase).astype(np.float32)
    return np.sin(2 * np.pi * np.cumsum(frequency[:count], dtype=np.float64) / RATE + phase).astype(np.float32)


def noise(dice: Dice, count: int, *, low: float = 0.0, high: float = RATE / 2, slope: float = 0.0) -> Samples:
    """Noise between two frequencies; *slope* 1 is pink, 2 is brown. Its loudest sample is 1."""
    size = 1 << max(8, (count - 1).bit_length())
    spectrum = np.fft.rfft(dice.many(size) * 2 - 1)
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    with np.errstate(divide="ignore"):
        gain = np.where(frequencies > 0, np.maximum(frequencies, 1.0) ** (-slope / 2), 0)
    edge = 1 / (1 + (frequencies / max(high, 1.0)) ** 6)
    if low > 0:
        edge = edge * (1 - 1 / (1 + (frequencies / low) ** 6))
    return peak(np.fft.irfft(spectrum * gain * edge)[:count])


def peak(samples: NDArray[np.floating], level: float = 1.0) -> Samples:
    return (samples * (level / max(float(np.abs(samples).max()), 1e-9))).astype(np.float32)


def decay(count: int, seconds: float, attack: float = 0.004) -> Samples:
    """Up in *attack* seconds, then down to a third in *seconds*."""
    t = moments(count)
    return (np.minimum(1, t / np.float32(attack)) * np.exp(-t / np.float32(seconds))).astype(np.float32)


def slowly(dice: Dice, count: int, *, every: float, low: float, high: float) -> Samples:
    """A curve that wanders between *low* and *high*, with a new aim every so many seconds."""
    knots = max(2, round(count / RATE / every) + 2)
    aims = low + (high - low) * dice.many(knots)
    place = np.linspace(0, knots - 1.001, count)
    left = place.astype(int)
    t = place - left
    t = t * t * (3 - 2 * t)
    return (aims[left] * (1 - t) + aims[left + 1] * t).astype(np.float32)


def add(into: Samples, sound: Samples, second: float, level: float = 1.0) -> None:
    """Lay *sound* over *into* from *second* on; what is longer is cut off."""
    at = round(second * RATE)
    room = min(len(sound), len(into) - at)
    if room > 0:
        into[at : at + room] += sound[:room] * np.float32(level)
