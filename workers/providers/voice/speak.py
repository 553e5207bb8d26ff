"""Sounds to samples: harmonics of a voice shaped by moving formants, and bursts of noise. Pure; the same words give the same samples."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.providers.sketch.dice import Dice
from workers.providers.voice.letters import spoken
from workers.providers.voice.phones import NEUTRAL, PHONES, VOICES, VOWELS, Phone

RATE = 24_000
#: Formants and pitch are set so often a second, and smoothed, which joins the sounds to words.
FRAMES = 200
STEP = RATE // FRAMES
HARMONIC_HZ_MAX = 5_200
BANDWIDTHS = (70.0, 100.0, 160.0, 260.0)
FOURTH = 3_600.0
Track = NDArray[np.float64]


@dataclass
class Tracks:
    """One value a frame; noise is drawn later, by (frame, frames, phone)."""

    formants: list[tuple[float, float, float]]
    pitch: list[float]
    voice: list[float]
    bursts: list[tuple[int, int, Phone]]

    def hold(self, frames: int, formants: tuple[float, float, float], pitch: float, voice: float) -> None:
        self.formants += [formants] * frames
        self.pitch += [pitch] * frames
        self.voice += [voice] * frames


def speak(text: str, voice: str, speed: float) -> bytes:
    """Samples as little-endian 16-bit numbers, one channel, 24,000 a second."""
    pitch, throat = VOICES[voice]
    tracks = _laid_out(spoken(text), pitch, speed, asks=text.rstrip().endswith("?"))
    samples = _voiced(tracks, throat)
    for number, (start, frames, phone) in enumerate(tracks.bursts):
        _add_noise(samples, Dice(f"voice-1/{number}/{phone.band}"), start, frames, phone, throat)
    loudest = float(np.abs(samples).max())
    return (samples * (0.85 / loudest if loudest > 0 else 0) * 32_767).astype("<i2").tobytes()


def _laid_out(said: list[list[str] | float], pitch: float, speed: float, *, asks: bool) -> Tracks:
    """The melody falls through a sentence, rises on the first vowel of each word, and at the end of a question."""
    tracks = Tracks([], [], [], [])
    tracks.hold(8, NEUTRAL, pitch, 0)
    words = sum(isinstance(each, list) for each in said)
    number = 0
    for each in said:
        if isinstance(each, float):
            tracks.hold(_frames(each, speed), NEUTRAL, pitch, 0)
            continue
        number += 1
        fall = 1.12 - 0.24 * number / max(1, words)
        _word(tracks, each, pitch * fall, speed, rising=asks and number == words)
    tracks.hold(12, NEUTRAL, pitch * 0.88, 0)
    return tracks


def _word(tracks: Tracks, sounds: list[str], pitch: float, speed: float, *, rising: bool) -> None:
    stressed = next((place for place, sound in enumerate(sounds) if sound in VOWELS), -1)
    for place, sound in enumerate(sounds):
        phone = PHONES[sound]
        high = pitch * (1.1 if place == stressed else 1.0) * (1 + 0.35 * (place + 1) / len(sounds) if rising else 1)
        if phone.closed:
            tracks.hold(_frames(phone.closed, speed), phone.formants, high, 0.12 if phone.voice else 0)
        last = place == len(sounds) - 1
        frames = _frames(phone.seconds * (1.25 if last and sound in VOWELS else 1.15 if place == stressed else 1), speed)
        if phone.noise:
            tracks.bursts.append((len(tracks.pitch), frames, phone))
        half = frames // 2 if phone.glide else frames
        tracks.hold(half, phone.formants, high, phone.voice)
        if phone.glide:
            tracks.hold(frames - half, phone.glide, high * 0.97, phone.voice)
    tracks.hold(_frames(0.035, speed), PHONES[sounds[-1]].formants, pitch, 0)


def _frames(seconds: float, speed: float) -> int:
    return max(2, round(seconds * FRAMES / speed))


def _voiced(tracks: Tracks, throat: float) -> Track:
    """Harmonics of the pitch, each as loud as the throat lets it through at its frequency."""
    formants = np.stack([_smooth(np.array(column), 9) for column in zip(*tracks.formants, strict=True)]) * throat
    drift = np.sin(np.arange(len(tracks.pitch)) / FRAMES * 2 * np.pi * 5.3) * 0.006
    pitch = _smooth(np.array(tracks.pitch), 15) * (1 + drift)
    loud = _smooth(np.array(tracks.voice), 5)
    count = len(pitch) * STEP
    at = np.arange(count) / STEP
    places = np.arange(len(pitch), dtype=np.float64)
    phase = 2 * np.pi * np.cumsum(np.interp(at, places, pitch)) / RATE
    # sin(k x) from the two before it: one sine and one cosine are enough for all harmonics.
    double, current, before = 2 * np.cos(phase), np.sin(phase), np.zeros(count)
    samples = np.zeros(count)
    for harmonic in range(1, int(HARMONIC_HZ_MAX / pitch.min()) + 1):
        gain = _through(formants, pitch * harmonic, throat) * loud / harmonic
        samples += current * np.interp(at, places, gain)
        current, before = double * current - before, current
    return samples


def _through(formants: NDArray[np.float64], frequency: Track, throat: float) -> Track:
    """How much of *frequency* passes four resonances in a row."""
    passed = np.ones(frequency.shape)
    for middle, width in zip((*formants, np.full(frequency.shape, FOURTH * throat)), BANDWIDTHS, strict=True):
        passed *= middle**2 / np.sqrt((middle**2 - frequency**2) ** 2 + (frequency * width) ** 2)
    return passed * (frequency < HARMONIC_HZ_MAX)


def _smooth(track: Track, frames: int) -> Track:
    window = np.hanning(frames + 2)[1:-1]
    padded = np.pad(track, frames // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")[: len(track)]


def _add_noise(samples: Track, dice: Dice, start: int, frames: int, phone: Phone, throat: float) -> None:
    """Noise of the phone's band; after a closure it begins at once, else it swells."""
    count = frames * STEP
    spectrum = np.fft.rfft(dice.many(count).astype(np.float64) - 0.5)
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    low, high = phone.band[0] * throat**0.5, min(phone.band[1] * throat**0.5, RATE / 2)
    noise = np.fft.irfft(spectrum / (1 + (frequencies / high) ** 8) * (1 - 1 / (1 + (frequencies / low) ** 8)), count)
    noise /= max(float(np.abs(noise).max()), 1e-9)
    t = np.arange(count) / count
    shape = np.exp(-4 * t) if phone.closed else np.sin(np.pi * t) ** 0.6
    room = samples[start * STEP : start * STEP + count]
    room += (noise * shape * phone.noise * 1.6)[: len(room)]
