"""Rolling hills with grass, flowers, round trees, and a path of light."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import array_of, mix, smooth
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.land import layer, mist
from workers.providers.sketch.scenes.mountains import stand
from workers.providers.sketch.sky import paint_sky
from workers.providers.sketch.stage import Stage

GRASS = (0.42, 0.58, 0.24)
LEAVES = (0.24, 0.42, 0.20)


def paint_hills(stage: Stage) -> None:
    dice = stage.dice.child("hills")
    horizon = stage.height * 0.6
    paint_sky(stage, horizon)
    layers, aspect = 5, stage.width / stage.unit
    for index in range(layers):
        depth = index / (layers - 1)
        part = dice.child(f"hill-{index}")
        wave = noise.stretched(noise.line(part, stage.width, cells=(1.1 + (1 - depth) * 1.2) * aspect, octaves=2, gain=0.3))
        edge = (horizon + stage.height * (0.34 * depth**1.3 - (0.15 - 0.03 * depth) * wave)).astype(np.float32)
        _hill(stage, part, edge, depth)
        if index < layers - 1:
            _trees(stage, part, edge, depth)
            mist(stage, float(edge.mean()) + stage.height * 0.07, stage.height * 0.05, 0.35 * (1 - depth), f"hill-mist-{index}")
    _flowers(stage, dice.child("flowers"), edge)
    stand(stage, edge, dice.between(0.3, 0.7), 0.22)


def _hill(stage: Stage, dice: Dice, edge: np.ndarray, depth: float) -> None:
    green = mix(stage.distant(0.12 + depth * 0.7), stage.palette.accents[2 % len(stage.palette.accents)], 0.28 * (1 - abs(depth - 0.5)))
    green = stage.natural(green, GRASS, 0.55, depth * 0.8)
    crown = mix(green, stage.palette.light, 0.3 * (1 - depth * 0.5))
    cover, top = layer(stage, edge, crown, mix(green, stage.palette.near, 0.25), depth_px=stage.unit * 0.16)
    slope = np.gradient(edge)[None, :] * (1 if stage.sun[0] > stage.width / 2 else -1)
    fade = np.clip(1 - (stage.y[top:] - edge[None, :]) / np.float32(stage.unit * 0.25), 0, 1)
    side = np.clip(slope * 2.2, -1, 1) * fade
    stage.shine(stage.palette.light, np.clip(side, 0, 1) * cover * np.float32(0.28), top)
    stage.shade(np.clip(-side, 0, 1) * cover * np.float32(0.3), top)
    grass = noise.field(dice.child("grass"), stage.width, stage.height - top, cells=30 + 25 * (1 - depth), stretch=0.35, octaves=3)
    stage.shade(np.clip(0.5 - grass, 0, 1) * cover * np.float32(0.5 * depth + 0.12), top)


def _trees(stage: Stage, dice: Dice, edge: np.ndarray, depth: float) -> None:
    """Groves along the crest: crowns of three circles, lit from the sun's side."""
    dark, lit = stage.drawing(), stage.drawing()
    toward = 1 if stage.sun[0] > stage.width / 2 else -1
    size = stage.unit * (0.012 + 0.026 * depth)
    for _ in range(dice.whole(3, 6)):
        center = dice.between(0, stage.width)
        for _ in range(dice.whole(2, 9)):
            x = center + dice.between(-5, 5) * size
            if not 0 <= x < stage.width:
                continue
            foot, r = float(edge[int(x)]), size * dice.between(0.6, 1.1)
            dark.line([(x, foot + r * 0.3), (x, foot - r)], r * 0.22)
            for dx, dy, k in ((0, -1.5, 1), (-0.6, -1.05, 0.75), (0.6, -1.1, 0.75)):
                dark.ellipse(x + dx * r, foot + dy * r, r * k, r * k)
                lit.ellipse(x + (dx + 0.3 * toward) * r, foot + (dy - 0.32) * r, r * k * 0.58, r * k * 0.5)
    mask = dark.mask()
    leaves = LEAVES if stage.style != "autumn" else mix(stage.palette.accents[0], stage.palette.accents[1], dice.between(0, 1))
    color = stage.natural(stage.distant(0.4 + 0.5 * depth), leaves, 0.65, 0.4 + 0.5 * depth)
    stage.paint(color, mask)
    stage.paint(mix(color, stage.palette.light, 0.42), lit.mask() * mask * np.float32(0.6))


def _flowers(stage: Stage, dice: Dice, edge: np.ndarray) -> None:
    """Spots of colour that grow towards us, over blades of grass."""
    top = int(edge.min())
    count = 900
    x, t = dice.many(count) * stage.width, dice.many(count) ** 0.8
    y = edge[x.astype(int) % stage.width] + t * (stage.height - top) * 1.05 + 3
    blades = stage.drawing()
    for index in range(0, count, 2):
        tall = stage.unit * (0.008 + 0.035 * float(t[index]))
        bend = tall * (float(t[index - 1]) - 0.5)
        blades.line([(float(x[index]), float(y[index])), (float(x[index]) + bend, float(y[index]) - tall)], stage.unit * 0.0016)
    stage.paint(mix(stage.distant(0.75), stage.palette.accents[2 % len(stage.palette.accents)], 0.35), blades.mask() * np.float32(0.6))
    for number, color in enumerate(stage.palette.accents[:4]):
        spots = stage.drawing()
        for index in range(number, count, 5):
            r = stage.unit * (0.0016 + 0.0075 * float(t[index]) ** 2)
            spots.ellipse(float(x[index]), float(y[index]) - stage.unit * 0.01 * float(t[index]), r, r * 0.85)
        stage.paint(mix(color, stage.palette.light, 0.12), spots.mask() * np.float32(0.92))
    near = smooth(0.75, 1.1, stage.y / stage.height)
    stage.picture *= 1 - (near * 0.28)[..., None] * (1 - array_of(stage.palette.near))
