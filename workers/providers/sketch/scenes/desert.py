"""Dunes: one side of every crest in the sun, the other in shadow."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import mix, smooth
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.land import layer, mist
from workers.providers.sketch.scenes.mountains import stand
from workers.providers.sketch.sky import paint_sky
from workers.providers.sketch.stage import Stage

SAND = (0.93, 0.70, 0.42)
ROCK = (0.72, 0.40, 0.27)


def paint_desert(stage: Stage) -> None:
    dice = stage.dice.child("desert")
    horizon = stage.height * 0.6
    paint_sky(stage, horizon, clouds=0.45)
    _mesas(stage, dice.child("mesas"), horizon)
    layers, aspect = 5, stage.width / stage.unit
    for index in range(layers):
        depth = index / (layers - 1)
        part = dice.child(f"dune-{index}")
        wave = noise.stretched(noise.line(part, stage.width, cells=(0.9 + 1.6 * (1 - depth)) * aspect, octaves=2, gain=0.22, sharp=0.6))
        edge = horizon + stage.height * (0.30 * depth**1.25 - (0.05 + 0.13 * depth) * (wave - 0.25))
        _dune(stage, part, edge.astype(np.float32), depth)
        mist(stage, horizon + stage.height * 0.12 * depth, stage.height * 0.04, 0.3 * (1 - depth), f"dust-{index}")
    stand(stage, edge.astype(np.float32), dice.between(0.3, 0.7), 0.17)


def _dune(stage: Stage, dice: Dice, edge: np.ndarray, depth: float) -> None:
    sand = mix(stage.palette.far, stage.palette.sky[-1], 0.45)
    sand = stage.natural(sand, SAND, 0.75, 0.0)
    color = mix(mix(sand, stage.palette.sky[-1], 0.4 * (1 - depth)), stage.palette.near, 0.16 * depth)
    cover, top = layer(stage, edge, mix(color, stage.palette.light, 0.25), mix(color, stage.palette.near, 0.35), depth_px=stage.unit * 0.4)
    down = stage.y[top:] - edge[None, :]
    # A crest's shadow falls aslant: every point looks along its slant at the slope of the crest above it.
    lean = 1.7 if stage.sun[0] > stage.width / 2 else -1.7
    source = np.clip(stage.x - down * np.float32(lean), 0, stage.width - 1).astype(np.int32)
    slope = np.gradient(edge).astype(np.float32)[source] * np.float32(np.sign(lean))
    shadow = smooth(-0.02, 0.16, -slope) * np.clip(1 - down / np.float32(stage.unit * (0.18 + 0.3 * depth)), 0, 1) ** 0.7
    dark = stage.natural(mix(stage.palette.near, stage.palette.far, 0.42 - 0.2 * depth), ROCK, 0.5, 0.6)
    stage.paint(dark, shadow * cover * np.float32(0.72), top)
    bend = noise.field(dice.child("ripples"), stage.width, stage.height - top, cells=2, stretch=3, octaves=2)
    waves = np.sin(down / np.float32(stage.unit) * np.float32(170 - 70 * depth) + bend * 9)
    stage.shade(np.clip(waves, 0, 1) * cover * (1 - shadow) * np.float32(0.07 * depth), top)


def _mesas(stage: Stage, dice: Dice, horizon: float) -> None:
    table = noise.stretched(noise.line(dice, stage.width, cells=3.2, octaves=3, gain=0.4))
    steps = 0.42 + 0.24 * smooth(0.52, 0.57, table) + 0.16 * smooth(0.74, 0.78, table)
    rough = noise.line(dice.child("rough"), stage.width, cells=60, octaves=2) * stage.height * 0.008
    edge = horizon - stage.height * 0.16 * np.clip(steps - 0.42, 0, 1) / 0.4 + rough
    haze = mix(stage.natural(stage.palette.far, ROCK, 0.5, 0.0), stage.palette.sky[-1], 0.4)
    layer(stage, edge.astype(np.float32), haze, mix(haze, stage.palette.sky[-1], 0.6), depth_px=stage.height * 0.12)
