"""One blossom fills the picture: rings of petals with veins, a heart of seeds, soft light behind."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import array_of, mix, smooth
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.stage import Stage


def paint_flower(stage: Stage) -> None:
    dice = stage.dice.child("flower")
    _background(stage, dice.child("background"))
    center = (stage.width * dice.between(0.46, 0.54), stage.height * dice.between(0.46, 0.54))
    first, second = dice.one(stage.palette.accents), dice.one(stage.palette.accents)
    petals, rings = dice.whole(6, 13), dice.whole(3, 5)
    turn = dice.between(0, 6.28)
    dx, dy = stage.x - center[0], stage.y - center[1]
    radius, angle = np.hypot(dx, dy) / np.float32(stage.unit), np.arctan2(dy, dx)
    veins = noise.line(dice.child("veins"), 4_096, cells=170, octaves=2)
    for ring in range(rings):
        inward = ring / rings
        color = mix(first, second, inward)
        reach = 0.46 * (1 - 0.7 * inward) * dice.between(0.95, 1.05)
        _ring(stage, radius, angle + turn + ring * 2.4, petals, reach, color, veins)
    _heart(stage, dice.child("heart"), center, stage.unit * dice.between(0.055, 0.085))


def _background(stage: Stage, dice: Dice) -> None:
    stage.picture[:] = stage.gradient(stage.palette.sky, 0, stage.height)
    for index in range(22):
        color = dice.one((*stage.palette.accents, stage.palette.light, stage.palette.far))
        size = stage.unit * dice.between(0.03, 0.12)
        disc = stage.disc((stage.width * dice.between(0, 1), stage.height * dice.between(0, 1)), size)
        stage.shine(color, disc * np.float32(0.1 + 0.16 * (index % 3 == 0)))


def _ring(stage: Stage, radius: np.ndarray, angle: np.ndarray, petals: int, reach: float, color: tuple[float, float, float],
          veins: np.ndarray) -> None:  # fmt: skip
    """Petals of one length. Two passes, even and odd, so that neighbours overlap with a shadow between them."""
    for half in range(2):
        phase = np.mod(angle * petals / (4 * np.pi) * 1.0 + half * 0.5, 1)
        inside = np.abs(phase - 0.5) * 2
        width = np.clip(inside * 1.18, 0, 1)
        edge = reach * (1 - width**2.6) ** 0.6
        along = radius / np.maximum(edge, 1e-3)
        cover = np.clip((edge - radius) * stage.unit + 0.5, 0, 1) * (inside < 0.85)
        halo = np.clip(1 - (radius - edge) / 0.022, 0, 1) * (radius > edge * 0.6) * (inside < 0.95)
        stage.shade((halo * 0.3).astype(np.float32))
        grain = veins[(np.clip(phase, 0, 1) * 4_095).astype(np.int32)]
        tip, root = array_of(mix(color, stage.palette.light, 0.28)), array_of(mix(color, stage.palette.near, 0.5))
        paint = root + (tip - root) * smooth(0.05, 1.0, along)[..., None]
        paint *= (0.86 + 0.2 * grain + 0.1 * (1 - inside))[..., None]
        stage.paint(np.clip(paint, 0, 1).astype(np.float32), cover.astype(np.float32))


def _heart(stage: Stage, dice: Dice, center: tuple[float, float], radius: float) -> None:
    """Seeds in the golden angle, as sunflowers set them."""
    stage.glow(stage.palette.near, center, radius * 1.25, 0.0)
    stage.paint(mix(stage.palette.near, stage.palette.accents[0], 0.2), stage.disc(center, radius))
    color = mix(stage.palette.accents[1], stage.palette.light, 0.4)
    for index in range(230):
        away, angle = radius * 0.98 * (index / 230) ** 0.5, index * 2.399963
        at = (center[0] + away * float(np.cos(angle)), center[1] + away * float(np.sin(angle)))
        stage.glow(color, at, radius * (0.028 + 0.022 * index / 230), 0.85)
