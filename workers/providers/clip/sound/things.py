"""Motifs of things and bodies: struck, beaten, running."""

import numpy as np

from workers.providers.clip.sound.waves import RATE, Samples, add, decay, moments, noise, peak, slowly, tone
from workers.providers.sketch.dice import Dice

#: Partials of a church bell against its strike note, with loudness and how long they ring.
BELL = (
    (0.5, 0.7, 2.4),
    (1.0, 1.0, 1.6),
    (1.2, 0.5, 1.3),
    (1.5, 0.4, 1.0),
    (2.0, 0.6, 0.8),
    (2.5, 0.25, 0.5),
    (3.0, 0.2, 0.4),
    (4.2, 0.15, 0.25),
)
CHIME = ((1.0, 1.0, 0.9), (2.76, 0.5, 0.5), (5.4, 0.25, 0.25))
PENTATONIC = (0, 2, 4, 7, 9, 12, 14, 16)


def bells(dice: Dice, count: int, strikes: list[float]) -> Samples:
    out = np.zeros(count, np.float32)
    note = dice.between(290, 360)
    for number, at in enumerate(strikes):
        add(out, _rung(note * (1.0 if number % 2 == 0 else 0.8), BELL, 3.0), at)
    return out


def chime(dice: Dice, count: int, strikes: list[float]) -> Samples:
    out = np.zeros(count, np.float32)
    for at in strikes:
        add(out, _rung(880 * 2 ** (dice.one(PENTATONIC) / 12), CHIME, 1.6), at, dice.between(0.3, 0.9))
    return out


def _rung(note: float, partials: tuple[tuple[float, float, float], ...], seconds: float) -> Samples:
    long = round(RATE * seconds)
    out = np.zeros(long, np.float32)
    for ratio, loud, rings in partials:
        out += tone(float(note * ratio), long) * decay(long, rings / 2.2) * np.float32(loud)
    return peak(out)


def drum(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """A deep drum on the beat, a dry one off it."""
    out = np.zeros(count, np.float32)
    for number, at in enumerate(strikes):
        if number % 4 in (0, 3) or number % 8 == 6:
            long = round(RATE * 0.32)
            add(
                out,
                tone((55 + 75 * np.exp(-moments(long) * 24)).astype(np.float32), long) * decay(long, 0.11),
                at,
                1.0 if number % 4 == 0 else 0.7,
            )
        if number % 4 == 2:
            add(out, noise(dice.child(f"{number}"), 7_000, low=400, high=7_000) * decay(7_000, 0.045), at, 0.5)
        add(out, noise(dice.child(f"hat-{number}"), 2_000, low=6_000) * decay(2_000, 0.012), at, 0.14)
    return out


def heartbeat(dice: Dice, count: int, strikes: list[float]) -> Samples:
    out = np.zeros(count, np.float32)
    long = round(RATE * 0.22)
    for at in strikes:
        for after, pitch, loud in ((0.0, 62.0, 1.0), (0.28, 52.0, 0.7)):
            beat = tone((pitch * (1 + 0.5 * np.exp(-moments(long) * 40))).astype(np.float32), long) + np.float32(0.35) * tone(
                pitch * 2.1, long
            )
            add(out, beat * decay(long, 0.07, 0.008), at + after, loud)
    return out


def footsteps(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """Heel, then sole, left and right a little apart in tone."""
    out = np.zeros(count, np.float32)
    for number, at in enumerate(strikes):
        part = dice.child(f"{number}")
        heel = noise(part, 3_000, low=90, high=700 if number % 2 else 850, slope=1) * decay(3_000, 0.02)
        sole = noise(part.child("sole"), 4_400, low=900, high=5_000) * decay(4_400, 0.028)
        add(out, heel, at, 0.9)
        add(out, sole, at + 0.055, 0.22)
    return out


def clock(dice: Dice, count: int, strikes: list[float]) -> Samples:
    out = np.zeros(count, np.float32)
    for number, at in enumerate(strikes):
        pitch = 2_300.0 if number % 2 == 0 else 1_850.0
        add(out, (tone(pitch, 1_500) + tone(pitch * 1.51, 1_500)) * decay(1_500, 0.006, 0.0004), at, 0.5)
    return out


def engine(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """Firings whose pace wanders, with all their harmonics, and some road noise."""
    pace = slowly(dice, count, every=1.3, low=46, high=74)
    out = np.zeros(count, np.float32)
    for harmonic, loud in ((1, 1.0), (2, 0.7), (3, 0.45), (4, 0.35), (6, 0.2), (8, 0.12)):
        out += tone(pace * np.float32(harmonic), count) * np.float32(loud)
    return peak(peak(out, 0.8) + noise(dice.child("road"), count, low=80, high=900, slope=1) * np.float32(0.3))
