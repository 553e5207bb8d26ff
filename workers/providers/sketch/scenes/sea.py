"""Open water under a wide sky: swell that grows towards us, a road of light, and foam on the beach."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import array_of, mix, smooth
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.land import layer
from workers.providers.sketch.sky import paint_sky
from workers.providers.sketch.stage import Stage


def paint_sea(stage: Stage) -> None:
    dice = stage.dice.child("sea")
    horizon = stage.height * dice.between(0.5, 0.58)
    paint_sky(stage, horizon)
    if dice.chance(0.65):
        _islands(stage, dice.child("islands"), horizon)
    _swell(stage, dice.child("swell"), round(horizon))
    afloat = stage.wishes.subject in (None, "boat", "lighthouse")
    row = horizon + stage.height * 0.12 if afloat else stage.height * 0.965
    stage.standing = (stage.width * dice.between(0.34, 0.66), row, stage.unit * 0.26)
    if dice.chance(0.6) or not afloat:
        _beach(stage, dice.child("beach"))


def _islands(stage: Stage, dice: Dice, horizon: float) -> None:
    for index, depth in enumerate((0.1, 0.34)):
        part = dice.child(f"island-{index}")
        middle, wide = part.between(0.05, 0.95), part.between(0.16, 0.42)
        hump = np.clip(1 - np.abs(np.linspace(0, 1, stage.width) - middle) / wide, 0, 1)
        crest = noise.line(part, stage.width, cells=5, octaves=6, sharp=0.6) * hump**0.7
        edge = (horizon + 2 - stage.height * 0.15 * (1 - 0.35 * depth) * crest).astype(np.float32)
        color = mix(stage.distant(depth + 0.1), stage.palette.sky[-1], 0.3 * (1 - depth))
        layer(stage, edge, color, mix(color, stage.palette.sky[-1], 0.4), depth_px=stage.height * 0.1)


def _swell(stage: Stage, dice: Dice, top: int) -> None:
    rows = stage.height - top
    depth = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) / rows
    # Perspective: a row at depth d shows the water at distance 1/d.
    far = np.float32(1) / (depth * np.float32(0.96) + np.float32(0.04))
    waves = np.zeros((rows, stage.width), np.float32)
    across = (stage.x - stage.width / 2) / np.float32(stage.unit)
    lumps = noise.field(dice, stage.width, rows, cells=4, stretch=2.5, octaves=4) - 0.5
    for index in range(5):
        part = dice.child(f"wave-{index}")
        lines, tilt, phase = 2.2 * 1.75**index, part.between(-1.2, 1.2), part.between(0, 6.28)
        bend = lumps * np.float32(5.5 + 2 * index) + across * far * np.float32(tilt * 0.55)
        waves += np.sin(far * np.float32(lines * 2.4) + bend + np.float32(phase)) / np.float32(1.25**index)
    waves = waves / 3.2 * smooth(0.0, 0.22, depth) + lumps * 0.5
    sky, deep = array_of(stage.palette.sky[-1]), array_of(mix(stage.palette.sky[0], stage.palette.near, 0.45))
    middle = array_of(mix(stage.palette.sky[1], stage.palette.near, 0.18))
    ramp = smooth(0, 0.5, depth)[..., None]
    body = sky * 0.62 + middle * 0.38 + (middle - sky * 0.62 - middle * 0.38) * ramp
    body = body + (deep - body) * smooth(0.35, 1.15, depth)[..., None]
    tone = np.clip(waves * (0.22 + 0.5 * depth), -1, 1)[..., None]
    bright = array_of(mix(stage.palette.sky[-1], stage.palette.light, 0.3))
    stage.picture[top:] = np.where(tone > 0, body + (bright - body) * tone * 0.55, body * (1 + tone * 0.5))
    road = np.exp(-((stage.x - stage.sun[0]) ** 2) / ((0.035 + 0.2 * depth) * stage.unit) ** 2)
    sparkle = smooth(0.12, 0.75, waves + 0.55 * noise.field(dice.child("sparkle"), stage.width, rows, cells=60, stretch=5, octaves=2) - 0.1)
    stage.shine(stage.palette.light, (road * sparkle * (1 - 0.35 * depth)).astype(np.float32), top)
    stage.shine(stage.palette.light, (road * 0.16 * (1 - depth)).astype(np.float32), top)
    foam = smooth(0.72, 1.0, waves) * smooth(0.25, 0.7, depth) * noise.field(dice.child("foam"), stage.width, rows, cells=40, octaves=2)
    stage.paint(mix(stage.palette.light, stage.palette.sky[-1], 0.3), np.clip(foam, 0, 1).astype(np.float32) * np.float32(0.75), top)


def _beach(stage: Stage, dice: Dice) -> None:
    lean = 1 if dice.chance(0.5) else -1
    across = np.linspace(0, 1, stage.width, dtype=np.float32)[::lean]
    edge = stage.height * (0.86 + 0.17 * across) + (noise.line(dice, stage.width, cells=2.4, octaves=3) - 0.5) * stage.height * 0.07
    edge = edge.astype(np.float32)
    sand = mix(mix(stage.palette.far, stage.palette.light, 0.42), stage.palette.near, 0.12)
    wet = mix(sand, stage.palette.near, 0.45)
    ragged = (noise.line(dice.child("foam"), stage.width, cells=26, octaves=3) - 0.5) * stage.height * 0.014
    layer(stage, edge, wet, sand, depth_px=stage.height * 0.08)
    for shift, strength in ((0.0, 0.9), (-0.022, 0.45)):
        line = edge + ragged + stage.height * shift
        foam = np.exp(-(((stage.y - line[None, :]) / np.float32(stage.height * 0.006)) ** 2))
        stage.paint(mix(stage.palette.light, (1, 1, 1), 0.5), (foam * strength).astype(np.float32))
