"""Trunks behind trunks in the mist, light falling through the crowns, ferns at our feet."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import mix, smooth
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.land import layer, tree_line
from workers.providers.sketch.scenes.mountains import stand
from workers.providers.sketch.stage import Stage


def paint_forest(stage: Stage) -> None:
    dice = stage.dice.child("forest")
    stage.sun = (stage.width * dice.between(0.25, 0.75), stage.height * dice.between(0.14, 0.28))
    stage.picture[:] = stage.gradient(
        (stage.palette.sky[1], stage.palette.sky[-2], stage.palette.sky[-1], stage.distant(0.2)), 0, stage.height
    )
    for reach, strength in ((0.55, 0.5), (0.26, 0.65), (0.1, 0.75)):
        stage.glow(stage.palette.light, stage.sun, stage.unit * reach, strength)
    layers = 5
    for index in range(layers):
        depth = index / (layers - 1)
        part = dice.child(f"rank-{index}")
        if index == 0:
            _firs(stage, part)
        _trunks(stage, part, depth)
        _floor(stage, part, depth)
        if index == 2:
            _rays(stage, dice.child("rays"))
    _leaves(stage, dice.child("leaves"))
    _motes(stage, dice.child("motes"))


def _firs(stage: Stage, dice: Dice) -> None:
    base = stage.height * 0.66 + (noise.line(dice, stage.width, cells=3) - 0.5) * stage.height * 0.06
    edge = tree_line(stage, dice, base.astype(np.float32), height=stage.height * 0.36, spacing=stage.unit * 0.05)
    haze = mix(stage.palette.far, stage.palette.sky[-1], 0.5)
    layer(stage, edge, haze, mix(haze, stage.palette.sky[-1], 0.5), depth_px=stage.height * 0.3)


def _trunks(stage: Stage, dice: Dice, depth: float) -> None:
    """Tapering trunks with a few boughs; near ones are fewer, thicker and stay out of the middle."""
    drawing, rim = stage.drawing(), stage.drawing()
    foot = stage.height * (0.7 + 0.3 * depth)
    count = round((15 - 11 * depth) * stage.width / stage.unit)
    for index in range(count):
        x = stage.width * (index + dice.between(0.1, 0.9)) / count
        if depth > 0.7 and abs(x / stage.width - 0.5) < 0.2:
            continue
        wide = stage.unit * (0.008 + 0.036 * depth**1.5) * dice.between(0.7, 1.3)
        lean = stage.unit * dice.between(-0.03, 0.03)
        drawing.polygon([(x - wide * 0.85, foot + 9), (x - wide * 0.5, foot - wide * 2), (x + lean - wide * 0.32, -5),
                         (x + lean + wide * 0.32, -5), (x + wide * 0.5, foot - wide * 2), (x + wide * 0.85, foot + 9)])  # fmt: skip
        side = 1 if stage.sun[0] > x else -1
        rim.line([(x + side * wide * 0.42, foot - wide * 2), (x + lean + side * wide * 0.24, -5)], wide * 0.2)
        for _ in range(dice.whole(1, 4)):
            _bough(drawing, dice, (x + lean * 0.6, stage.height * dice.between(0.05, 0.5)), wide, stage.unit)
    haze = mix(stage.palette.sky[-1], stage.palette.light, 0.2)
    color = mix(stage.distant(0.2 + 0.8 * depth), haze, 0.55 * (1 - depth) ** 1.4)
    mask = drawing.mask()
    stage.paint(color, mask)
    bark = noise.field(dice.child("bark"), stage.width, stage.height, cells=40, stretch=0.16, octaves=2)
    stage.shade(np.clip(bark - 0.45, 0, 1) * mask * np.float32(0.9 * depth))
    stage.shine(stage.palette.light, rim.mask() * mask * np.float32(0.3))


def _bough(drawing, dice: Dice, start: tuple[float, float], wide: float, unit: float) -> None:  # type: ignore[no-untyped-def]
    side = 1 if dice.chance(0.5) else -1
    x, y = start
    reach = unit * dice.between(0.05, 0.16)
    points = [
        (x, y),
        (x + side * reach * 0.5, y - reach * dice.between(0.1, 0.35)),
        (x + side * reach, y - reach * dice.between(0.3, 0.75)),
    ]
    drawing.line(points[:2], wide * 0.26)
    drawing.line(points[1:], wide * 0.15)


def _floor(stage: Stage, dice: Dice, depth: float) -> None:
    part = dice.child("floor")
    base = stage.height * (0.69 + 0.27 * depth) + (noise.line(part, stage.width, cells=3 + 3 * depth) - 0.5) * stage.height * 0.08
    tufts = (noise.line(part.child("tufts"), stage.width, cells=90, octaves=2, sharp=1) - 0.5) * stage.height * (0.008 + 0.03 * depth)
    edge = (base - tufts).astype(np.float32)
    green = mix(stage.distant(0.25 + 0.7 * depth), stage.palette.accents[2 % len(stage.palette.accents)], 0.25 * (1 - depth))
    cover, top = layer(stage, edge, mix(green, stage.palette.light, 0.22 * (1 - depth)), green, depth_px=stage.height * 0.12)
    near = np.exp(-(((stage.x - stage.sun[0]) / np.float32(stage.unit * 0.3)) ** 2))
    stage.shine(stage.palette.light, cover * near * np.float32(0.26 * (1 - depth)), top)
    if depth == 1:
        stand(stage, edge, dice.between(0.42, 0.58), 0.24)


def _rays(stage: Stage, dice: Dice) -> None:
    """Shafts fan out from the sun: noise of the angle, weaker with distance."""
    angle = np.arctan2(stage.x - stage.sun[0], stage.y - stage.sun[1] + stage.unit * 0.25)
    place = (np.clip((angle + 1.6) / 3.2, 0, 1) * 2_047).astype(np.int32)
    shafts = smooth(0.48, 0.74, noise.line(dice, 2_048, cells=26, octaves=3))[place]
    fade = np.exp(-(((stage.y - stage.sun[1]) / np.float32(stage.height * 0.55)) ** 2)) * (stage.y > stage.sun[1] * 0.3)
    stage.shine(stage.palette.light, (shafts * fade * 0.42).astype(np.float32))


def _leaves(stage: Stage, dice: Dice) -> None:
    """The canopy's dark rim at the top, with holes of light."""
    rows = round(stage.height * 0.34)
    lumps = noise.field(dice, stage.width, rows, cells=5, octaves=6, gain=0.62)
    down = np.linspace(1, 0, rows, dtype=np.float32)[:, None]
    edges = np.abs((stage.x / stage.width) - 0.5) * 2
    cover = smooth(0.5, 0.58, lumps * 0.62 + down * 0.36 + edges * 0.12 - 0.02)
    green = mix(stage.palette.near, stage.palette.accents[2 % len(stage.palette.accents)], 0.32)
    stage.paint(mix(green, stage.palette.near, 0.3), cover.astype(np.float32) * np.float32(0.94))
    lit = smooth(0.55, 0.75, noise.field(dice.child("lit"), stage.width, rows, cells=22, octaves=3)) * cover
    stage.paint(
        mix(stage.palette.accents[2 % len(stage.palette.accents)], stage.palette.light, 0.35), lit.astype(np.float32) * np.float32(0.4)
    )


def _motes(stage: Stage, dice: Dice) -> None:
    color = mix(stage.palette.accents[0], stage.palette.light, 0.6)
    for _ in range(46):
        center = (stage.width * dice.between(0, 1), stage.height * dice.between(0.3, 0.95))
        stage.glow(color, center, stage.unit * dice.between(0.002, 0.005), dice.between(0.3, 0.95))
