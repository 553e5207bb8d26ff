"""Without things: flowing layers of paint, or discs, arcs and bars in balance."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import array_of, blurred, mirrored, mix, shifted, smooth, softened
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.stage import Stage

GEOMETRIC = ("minimal", "pop", "retro")


def paint_abstract(stage: Stage) -> None:
    dice = stage.dice.child("abstract")
    if stage.style in GEOMETRIC or dice.chance(0.4):
        _geometry(stage, dice.child("geometry"))
    else:
        _flow(stage, dice.child("flow"))


def _flow(stage: Stage, dice: Dice) -> None:
    """Noise bent by noise bent by noise: paint poured and tilted, with a sheen on its folds."""
    w, h = stage.width, stage.height
    first = [noise.field(dice.child(f"first-{i}"), w, h, cells=1.5, octaves=3) - 0.5 for i in range(2)]
    base = noise.field(dice.child("base"), w, h, cells=1.6, octaves=4, gain=0.45)
    rows = mirrored(stage.y + first[0] * stage.unit * 1.5, h)
    columns = mirrored(stage.x + first[1] * stage.unit * 1.5, w)
    second = noise.stretched(base[rows, columns])
    bands = noise.stretched(second + 0.55 * first[0][rows, columns] + 0.25 * first[1])
    stops = [*stage.palette.sky, *stage.palette.accents[:3], stage.palette.near]
    bands = softened(bands)
    order = sorted(range(len(stops)), key=lambda index: dice.child(f"order-{index}").between(0, 1))
    colors = np.array([stops[index] for index in order] * 2, np.float32)
    place = bands * (len(colors) - 1)
    left = np.minimum(place.astype(np.int32), len(colors) - 2)
    t = smooth(0.32, 0.68, place - left)[..., None]
    stage.picture[:] = colors[left] + (colors[left + 1] - colors[left]) * t
    relief = (np.gradient(bands, axis=0) + np.gradient(bands, axis=1)) * np.float32(stage.unit * 0.1)
    stage.shine(stage.palette.light, np.clip(relief, 0, 0.5).astype(np.float32))
    stage.shade(np.clip(-relief, 0, 0.42).astype(np.float32))
    veins = np.exp(-(((np.mod(place, 1) - 0.5) * 10) ** 2)) * smooth(0.4, 0.62, second)
    stage.shine(mix(stage.palette.light, stage.palette.accents[0], 0.25), (veins * 0.5).astype(np.float32))


def _geometry(stage: Stage, dice: Dice) -> None:
    w, h, unit = stage.width, stage.height, stage.unit
    stage.picture[:] = stage.gradient(stage.palette.sky[-2:], 0, h)
    colors = [*stage.palette.accents, stage.palette.near, stage.palette.far, stage.palette.sky[0]]
    focus = (w * dice.one((0.36, 0.62)), h * dice.between(0.38, 0.58))
    radius = unit * dice.between(0.24, 0.32)
    _shape(stage, stage.disc(focus, radius), colors[0], shadow=0.3)
    half = stage.disc(focus, radius) * np.clip(
        (stage.x - focus[0]) * np.float32(np.cos(0.9)) + (stage.y - focus[1]) * np.float32(0.78), 0, 1
    )
    stage.paint(mix(colors[0], stage.palette.near, 0.25), half.astype(np.float32))
    for index in range(dice.whole(6, 9)):
        part = dice.child(f"shape-{index}")
        color = colors[(index + 1) % len(colors)]
        center = (w * part.between(0.08, 0.92), h * part.between(0.08, 0.92))
        size = unit * part.between(0.05, 0.24)
        kind = part.whole(0, 3)
        if kind == 0:
            _shape(stage, stage.disc(center, size * 0.62), color, shadow=0.25)
        elif kind == 1:
            ring = stage.disc(center, size) - stage.disc(center, size * part.between(0.72, 0.9))
            _shape(
                stage,
                np.clip(ring, 0, 1) * (stage.y > center[1] if part.chance(0.5) else stage.x > center[0] - size * 2),
                color,
                shadow=0.18,
            )
        elif kind == 2:
            _shape(stage, _bar(stage, center, part.between(0, 3.14), size * 2.6, size * part.between(0.05, 0.2)), color, shadow=0.2)
        else:
            _stripes(stage, center, size, color)


def _shape(stage: Stage, cover: np.ndarray, color: tuple[float, float, float], *, shadow: float) -> None:
    """A piece of paper: its soft shadow first, then itself."""
    cover = cover.astype(np.float32)
    step = round(stage.unit * 0.014)
    soft = blurred(shifted(cover, step, step), stage.unit * 0.016)
    stage.shade(np.clip(soft, 0, 1) * np.float32(shadow))
    tone = 1 + 0.1 * (stage.y / stage.height - 0.5)
    stage.paint((array_of(color) * tone[..., None]).astype(np.float32), cover)


def _bar(stage: Stage, center: tuple[float, float], angle: float, long: float, wide: float) -> np.ndarray:
    dx, dy = stage.x - center[0], stage.y - center[1]
    along, across = (
        dx * np.float32(np.cos(angle)) + dy * np.float32(np.sin(angle)),
        dy * np.float32(np.cos(angle)) - dx * np.float32(np.sin(angle)),
    )
    return np.clip(long / 2 - np.abs(along) + 0.5, 0, 1) * np.clip(wide / 2 - np.abs(across) + 0.5, 0, 1)


def _stripes(stage: Stage, center: tuple[float, float], size: float, color: tuple[float, float, float]) -> None:
    lines = np.clip((np.sin((stage.x + stage.y) / np.float32(size) * 24) + 0.1) * 8, 0, 1)
    stage.paint(color, (stage.disc(center, size * 0.8) * lines).astype(np.float32))
