"""A drawing of how loud a sound is over its time, the same for equal sounds."""

from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 512, 256
BARS = 128
#: Peaks kept while the length is not known yet; then neighbours are joined.
PEAKS_MAX = 8_192
PIECE_SAMPLES = 512
BACKGROUND, INK = (16, 18, 24), (122, 162, 247)


class Loudness:
    """Hears the samples in order and keeps their peaks; memory stays bounded however long it goes on."""

    def __init__(self) -> None:
        self.peaks: list[float] = []
        self._piece = PIECE_SAMPLES
        self._waiting = np.zeros(0, dtype=np.float32)

    def hear(self, samples: Any) -> None:
        """One frame, channels by samples, of any type of number."""
        full = float(np.iinfo(samples.dtype).max) if np.issubdtype(samples.dtype, np.integer) else 1.0
        if samples.dtype == np.uint8:
            samples, full = samples.astype(np.float32) - 128, 128.0
        heard = np.max(np.abs(samples.astype(np.float32)), axis=0) / full
        self._waiting = np.concatenate([self._waiting, heard])
        whole = len(self._waiting) // self._piece * self._piece
        if whole:
            self.peaks += self._waiting[:whole].reshape(-1, self._piece).max(axis=1).tolist()
            self._waiting = self._waiting[whole:]
        if len(self.peaks) >= PEAKS_MAX:
            self.peaks = [max(self.peaks[place : place + 2]) for place in range(0, len(self.peaks), 2)]
            self._piece *= 2

    def bars(self) -> list[float]:
        """How loud it is in each of `BARS` parts of its time, 0 to 1; the loudest is 1 unless all is silence."""
        peaks = np.nan_to_num(np.array([*self.peaks, *([float(self._waiting.max())] if len(self._waiting) else [])] or [0.0]))
        # Short sounds have fewer peaks than bars: then neighbours show the same one.
        edges = [number * len(peaks) // BARS for number in range(BARS + 1)]
        bars = [float(peaks[begin : max(end, begin + 1)].max()) for begin, end in pairwise(edges)]
        loudest = max(bars)
        return [bar / loudest for bar in bars] if loudest > 0 else bars


def drawn(loudness: Loudness) -> Image.Image:
    """Bars from left to right."""
    image = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    pen = ImageDraw.Draw(image)
    step = WIDTH // BARS
    for number, bar in enumerate(loudness.bars()):
        half = max(1, round(bar * (HEIGHT / 2 - 8)))
        pen.rectangle((number * step, HEIGHT // 2 - half, number * step + step - 2, HEIGHT // 2 + half), fill=INK)
    return image
