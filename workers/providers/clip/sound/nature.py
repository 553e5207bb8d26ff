"""Motifs of weather and animals. Each gives *count* samples; struck ones get the moments at which they strike."""

import numpy as np

from workers.providers.clip.sound.waves import RATE, Samples, add, decay, moments, noise, peak, slowly, tone
from workers.providers.sketch.dice import Dice


def rain(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """A hiss of far drops and the ticks of near ones."""
    out = noise(dice, count, low=900, high=11_000, slope=0.6) * np.float32(0.5)
    out += noise(dice.child("low"), count, low=120, high=900, slope=1) * np.float32(0.25)
    for at, pitch, loud in dice.child("drops").many(round(count / RATE * 40), 3).tolist():
        drop = tone(float(1_600 + 3_600 * pitch), 900) * decay(900, 0.004, 0.0005)
        add(out, drop, at * count / RATE, 0.12 * loud)
    return out


def wind(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """Two bands of noise that swell in turns."""
    low = noise(dice, count, low=60, high=420, slope=1) * slowly(dice.child("low"), count, every=1.1, low=0.25, high=1)
    high = noise(dice.child("band"), count, low=420, high=1_300, slope=0.8) * slowly(
        dice.child("high"), count, every=0.8, low=0.05, high=0.7
    )
    return peak(low + high)


def waves(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """One breaker after another: it rises slowly, breaks bright, runs out."""
    t = moments(count)
    phase = (t / np.float32(3.4) + np.float32(dice.between(0, 0.3))) % 1
    rise = np.where(phase < 0.35, (phase / 0.35) ** 2, np.exp(-(phase - 0.35) * 4.2)).astype(np.float32)
    deep = noise(dice.child("deep"), count, low=50, high=700, slope=1.2) * (np.float32(0.3) + rise)
    foam = noise(dice.child("foam"), count, low=1_200, high=9_000, slope=0.5) * rise**2
    return peak(deep * np.float32(0.7) + foam * np.float32(0.8))


def thunder(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """A crack, and a roll that comes back in lower and lower waves."""
    out = np.zeros(count, np.float32)
    for number, at in enumerate(strikes):
        part = dice.child(f"{number}")
        long = round(RATE * 2.6)
        roll = noise(part, long, low=25, high=190, slope=1.4) * decay(long, 0.9, 0.05)
        roll *= slowly(part.child("roll"), long, every=0.18, low=0.25, high=1)
        crack = noise(part.child("crack"), 9_000, low=300, high=6_000, slope=0.5) * decay(9_000, 0.035)
        # The sound comes after the light.
        add(out, roll, at + 0.14)
        add(out, crack, at + 0.12, 0.55)
    return out


def birds(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """Calls of a few quick whistles, each bending its own way."""
    out = np.zeros(count, np.float32)
    for number, at in enumerate(strikes):
        part = dice.child(f"{number}")
        base, notes = part.between(2_300, 4_200), part.whole(2, 5)
        for note in range(notes):
            long = round(RATE * part.between(0.05, 0.13))
            bend = np.linspace(base * part.between(0.9, 1.25), base * part.between(0.85, 1.3), long, dtype=np.float32)
            shape = np.sin(np.pi * np.arange(long) / long).astype(np.float32)
            add(out, tone(bend, long) * shape, at + note * part.between(0.1, 0.15), part.between(0.35, 0.8))
    return out


def crickets(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """Three of them, chirping in bursts."""
    t = moments(count)
    out = np.zeros(count, np.float32)
    for number in range(3):
        part = dice.child(f"{number}")
        pulse = np.clip(np.sin(2 * np.pi * part.between(22, 30) * t), 0, 1) ** 2
        burst = np.clip(np.sin(2 * np.pi * part.between(0.9, 1.5) * t + part.between(0, 6)) + 0.4, 0, 1)
        out += tone(part.between(3_900, 4_900), count) * pulse * burst * np.float32(part.between(0.3, 0.8))
    return peak(out)


def fire(dice: Dice, count: int, strikes: list[float]) -> Samples:
    """A low roar and crackles."""
    out = noise(dice, count, low=60, high=500, slope=1.2) * slowly(dice.child("roar"), count, every=0.4, low=0.3, high=0.6)
    for number, at in enumerate(strikes):
        part = dice.child(f"{number}")
        long = part.whole(150, 900)
        add(out, noise(part, long, low=1_500, high=9_000) * decay(long, 0.003, 0.0003), at, part.between(0.1, 0.9) ** 2)
    return out
