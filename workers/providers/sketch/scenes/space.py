"""A nebula, stars in three sizes, a planet lit from one side, perhaps with a ring and a moon."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import Picture, array_of, mirrored, mix, smooth
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.stage import Stage


def paint_space(stage: Stage) -> None:
    dice = stage.dice.child("space")
    _nebula(stage, dice.child("nebula"))
    _stars(stage, dice.child("stars"))
    side = 1 if dice.chance(0.5) else -1
    radius = stage.unit * dice.between(0.2, 0.3)
    center = (stage.width * (0.5 + side * dice.between(0.08, 0.22)), stage.height * dice.between(0.42, 0.62))
    ring = dice.chance(0.6)
    if ring:
        _ring(stage, dice.child("ring"), center, radius, behind=True)
    _planet(stage, dice.child("planet"), center, radius)
    if ring:
        _ring(stage, dice.child("ring"), center, radius, behind=False)
    moon = (center[0] - side * radius * dice.between(1.5, 1.9), center[1] - radius * dice.between(0.7, 1.1))
    _planet(stage, dice.child("moon"), moon, radius * dice.between(0.14, 0.26))
    stage.sun = (center[0] - radius * 2, center[1] - radius * 2)
    stage.standing = (stage.width * 0.5 - side * stage.width * 0.22, stage.height * 0.84, stage.unit * 0.26)


def _nebula(stage: Stage, dice: Dice) -> None:
    w, h = stage.width, stage.height
    warp = [(noise.field(dice.child(f"warp-{i}"), w, h, cells=2, octaves=4) - 0.5) * stage.unit * 0.62 for i in range(2)]
    base = noise.field(dice.child("base"), w, h, cells=2.2, octaves=6, gain=0.55)
    rows = mirrored(stage.y + warp[0], h)
    columns = mirrored(stage.x + warp[1], w)
    gas = noise.stretched(base[rows, columns])
    deep = array_of(mix(stage.palette.near, (0.0, 0.0, 0.02), 0.45))
    glow = [array_of(color) for color in (stage.palette.sky[1], stage.palette.accents[0], stage.palette.accents[1], stage.palette.light)]
    cloud = smooth(0.3, 0.95, gas)[..., None]
    hue = smooth(0.38, 0.62, base)[..., None]
    inner = glow[1] + (glow[2] - glow[1]) * hue
    stage.picture[:] = deep + (glow[0] * 0.55 - deep) * smooth(0.1, 0.65, gas)[..., None]
    stage.picture += (inner * 0.85 - stage.picture) * cloud**1.6 * 0.9
    stage.picture += (glow[3] - stage.picture) * (smooth(0.78, 1.05, gas) * 0.75)[..., None]
    dust = smooth(0.52, 0.72, noise.field(dice.child("dust"), w, h, cells=3.4, octaves=5)[columns * h // w % h, rows * w // h % w])
    stage.shade((dust * 0.6).astype(np.float32))


def _stars(stage: Stage, dice: Dice) -> None:
    count = stage.width * stage.height // 700
    x = (dice.many(count) * stage.width).astype(int) % stage.width
    y = (dice.many(count) * stage.height).astype(int) % stage.height
    bright = dice.many(count) ** 6
    stage.picture[y, x] += (1 - stage.picture[y, x]) * np.maximum(bright, 0.12)[:, None]
    for number, index in enumerate(np.argsort(-bright, kind="stable")[:60]):
        tint = mix(stage.palette.light, stage.palette.accents[number % len(stage.palette.accents)], 0.3)
        center = (float(x[index]), float(y[index]))
        stage.glow(tint, center, stage.unit * (0.0022 + 0.003 * (number < 12)), 0.95)
        if number < 9:
            stage.glow(tint, center, stage.unit * 0.018, 0.32)


def _planet(stage: Stage, dice: Dice, center: tuple[float, float], radius: float) -> None:
    """A ball: bands or lands bent over it, light from the upper left, air at its rim."""
    size = max(8, round(radius * 2))
    at = (np.arange(size, dtype=np.float32) + 0.5) / (size / 2) - 1
    dx, dy = at[None, :], at[:, None]
    distance = np.hypot(dx, dy)
    up = np.sqrt(np.clip(1 - distance**2, 0, 1))
    surface = _surface(stage, dice, size, dx, dy, up)
    light = np.clip(-0.62 * dx - 0.5 * dy + 0.6 * up, 0, 1)
    shaded = surface * (0.035 + 1.1 * light**0.85)[..., None]
    air = array_of(mix(stage.palette.light, stage.palette.accents[1], 0.55))
    rim = (1 - up) ** 2.6 * (0.1 + light)
    shaded += (air - shaded) * np.clip(rim * 0.9, 0, 1)[..., None]
    stage.glow(tuple(air.tolist()), (center[0] - radius * 0.14, center[1] - radius * 0.12), radius * 1.06, 0.5)
    top, left = round(center[1] - size / 2), round(center[0] - size / 2)
    row, column = max(0, top), max(0, left)
    part = stage.picture[row : top + size, column : left + size] if top + size > 0 and left + size > 0 else stage.picture[:0]
    inner = slice(row - top, row - top + part.shape[0]), slice(column - left, column - left + part.shape[1])
    cover = np.clip((1 - distance) * size / 2 + 0.5, 0, 1)[inner]
    part += (shaded[inner] - part) * cover[..., None]


def _surface(stage: Stage, dice: Dice, size: int, dx: np.ndarray, dy: np.ndarray, up: np.ndarray) -> Picture:
    colors = [
        array_of(mix(color, stage.palette.far, 0.25))
        for color in (dice.one(stage.palette.accents), stage.palette.sky[-1], stage.palette.far)
    ]
    swirl = noise.field(dice, size, size, cells=4, octaves=5)
    bend = np.clip(np.arcsin(np.clip(dx / np.maximum(0.05, np.sqrt(1 - np.clip(dy, -0.998, 0.998) ** 2)), -1, 1)) / 3.2 + 0.5, 0, 1)
    column = (bend * (size - 1)).astype(np.int32)
    swirl = np.take_along_axis(swirl, np.broadcast_to(column, swirl.shape), axis=1)
    if dice.chance(0.55):
        bands = 0.5 + 0.5 * np.sin(dy * dice.between(9, 17) + (swirl - 0.5) * 5.5)
        mixed = colors[0] + (colors[1] - colors[0]) * bands[..., None]
        return mixed + (colors[2] - mixed) * smooth(0.5, 0.75, swirl)[..., None] * 0.7
    lands = smooth(0.49, 0.54, swirl)[..., None]
    sea = colors[2] * (0.6 + 0.4 * up[..., None])
    return sea + (colors[0] - sea) * lands


def _ring(stage: Stage, dice: Dice, center: tuple[float, float], radius: float, *, behind: bool) -> None:
    tilt, turn = 0.26, -0.32
    dx, dy = stage.x - center[0], stage.y - center[1]
    along, across = dx * np.cos(turn) + dy * np.sin(turn), (dy * np.cos(turn) - dx * np.sin(turn)) / tilt
    distance = np.hypot(along, across) / np.float32(radius)
    grooves = noise.line(dice, 512, cells=22, octaves=3)[np.clip((distance - 1.2) * 640, 0, 511).astype(np.int32)]
    cover = smooth(1.28, 1.34, distance) * smooth(2.12, 2.02, distance) * (0.2 + 0.8 * smooth(0.3, 0.7, grooves))
    cover *= (across < 0) if behind else (across >= 0)
    stage.paint(mix(stage.palette.light, stage.palette.accents[0], 0.35), (cover * 0.8).astype(np.float32))
