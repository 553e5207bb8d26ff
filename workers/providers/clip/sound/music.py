"""A small piece: four chords under a plucked line, in a key and with a melody of its own."""

import numpy as np

from workers.providers.clip.sound.waves import RATE, Samples, add, decay, peak, tone
from workers.providers.sketch.dice import Dice

#: Chords as steps above the key's note; major and minor.
PROGRESSIONS = (
    ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14)),
    ((0, 3, 7), (8, 12, 15), (3, 7, 10), (10, 14, 17)),
    ((0, 4, 7), (5, 9, 12), (9, 12, 16), (7, 11, 14)),
)
CHORD_SECONDS = 1.25


def music(dice: Dice, count: int, strikes: list[float]) -> Samples:
    chords, key = dice.one(PROGRESSIONS), dice.between(196, 262)
    out = np.zeros(count, np.float32)
    for number in range(round(count / RATE / CHORD_SECONDS) + 1):
        chord, at = chords[number % 4], number * CHORD_SECONDS
        for step in chord:
            add(out, _pad(key / 2 * 2 ** (step / 12), CHORD_SECONDS * 1.35), max(0.0, at), 0.22)
        for beat in range(4):
            if beat == 0 or dice.chance(0.75):
                add(out, _pluck(key * 2 ** ((dice.one(chord) + 12 * dice.whole(0, 1)) / 12)), at + beat * CHORD_SECONDS / 4, 0.4)
    return peak(out)


def _pad(note: float, seconds: float) -> Samples:
    """Slow to come and to go, two voices hardly apart."""
    long = round(RATE * seconds)
    shape = np.sin(np.pi * np.arange(long) / long).astype(np.float32) ** np.float32(0.7)
    voices = [
        tone(float(note * detune * harmonic), long) / np.float32(harmonic**1.5) for detune in (0.997, 1.003) for harmonic in (1, 2, 3)
    ]
    return np.sum(voices, axis=0, dtype=np.float32) * shape


def _pluck(note: float) -> Samples:
    long = round(RATE * 0.9)
    return np.sum([tone(float(note * h), long) * decay(long, 0.35 / h) / np.float32(h) for h in (1, 2, 3, 4)], axis=0, dtype=np.float32)
