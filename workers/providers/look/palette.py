"""The colours of a picture: a few that stand for all, with names and shares."""

from colorsys import rgb_to_hls
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.providers.sketch.dice import Dice

COLORS = 6
ROUNDS = 12
#: Samples that are enough for shares to a percent.
SAMPLES = 12_000
#: Centres nearer than this are one colour.
ALIKE = 26.0
#: Names of hues, each up to an angle in degrees; and of greys, up to a lightness.
HUES = (
    *((15, "red"), (42, "orange"), (68, "yellow"), (165, "green"), (190, "cyan"), (258, "blue"), (292, "purple"), (340, "pink")),
    (361, "red"),
)
GREYS = ((0.1, "black"), (0.32, "dark grey"), (0.68, "grey"), (0.88, "light grey"), (1.1, "white"))
Pixels = NDArray[np.float32]


def palette(pixels: Pixels) -> list[dict[str, Any]]:
    """At most six colours, the most frequent first: [{"hex", "name", "share"}]. *pixels* are rows of red, green, blue, 0 to 255."""
    if len(pixels) == 0:
        return []
    step = max(1, len(pixels) // SAMPLES)
    sample = pixels[::step]
    centres = _centres(sample)
    nearest = _distances(sample, centres).argmin(axis=1)
    counts = np.bincount(nearest, minlength=len(centres))
    merged: list[tuple[int, Pixels]] = []
    for place in np.argsort(-counts, kind="stable"):
        twin = next((i for i, (_, color) in enumerate(merged) if np.linalg.norm(color - centres[place]) < ALIKE), None)
        if twin is None:
            merged.append((int(counts[place]), centres[place]))
        else:
            merged[twin] = (merged[twin][0] + int(counts[place]), merged[twin][1])
    merged.sort(key=lambda each: -each[0])
    return [
        {"hex": _hex(color), "name": name_of(color), "share": round(count / len(sample), 3)}
        for count, color in merged
        if count / len(sample) >= 0.005
    ]


def _centres(sample: Pixels) -> Pixels:
    """k-means, begun with colours that are far from each other."""
    dice = Dice("look-1/palette")
    chosen = [sample[dice.whole(0, len(sample) - 1)]]
    while len(chosen) < COLORS:
        away = _distances(sample, np.array(chosen)).min(axis=1)
        if away.max() < 1:
            break
        chosen.append(sample[int(away.argmax())])
    centres = np.array(chosen, np.float32)
    for _ in range(ROUNDS):
        nearest = _distances(sample, centres).argmin(axis=1)
        moved = np.array(
            [sample[nearest == i].mean(axis=0) if (nearest == i).any() else centres[i] for i in range(len(centres))], np.float32
        )
        if np.abs(moved - centres).max() < 0.5:
            break
        centres = moved
    return centres


def _distances(pixels: Pixels, centres: Pixels) -> Pixels:
    """Squared distances, (pixels, centres)."""
    return ((pixels[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)


def name_of(color: Pixels) -> str:
    """A plain name: "light blue", "dark grey", "brown"."""
    red, green, blue = (float(part) / 255 for part in color)
    hue, lightness, _ = rgb_to_hls(red, green, blue)
    chroma = max(red, green, blue) - min(red, green, blue)
    if chroma < 0.085:
        return next(name for below, name in GREYS if lightness < below)
    name = next(name for below, name in HUES if hue * 360 < below)
    if name == "orange" and lightness < 0.42:
        return "brown" if lightness >= 0.16 else "dark brown"
    if name == "red" and lightness > 0.74:
        return "pink"
    shade = "light " if lightness > 0.7 and name != "pink" else "dark " if lightness < 0.24 else ""
    return shade + name


def _hex(color: Pixels) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(round(float(part)) for part in color))
