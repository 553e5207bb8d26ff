"""A skyline in depth, windows lit, signs burning, and all of it again in the wet street."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import Color, array_of, blurred, mix
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.sky import paint_sky
from workers.providers.sketch.stage import Stage

CONCRETE = (0.30, 0.33, 0.40)


def paint_city(stage: Stage) -> None:
    dice = stage.dice.child("city")
    ground = stage.height * 0.8
    paint_sky(stage, ground * 0.94, clouds=0.6)
    layers = 4
    for index in range(layers):
        depth = index / (layers - 1)
        _block(stage, dice.child(f"block-{index}"), ground, depth)
        _haze(stage, ground, depth)
    _street(stage, dice.child("street"), round(ground))
    stage.standing = (stage.width * dice.between(0.36, 0.64), stage.height * 0.97, stage.unit * 0.4)


def _block(stage: Stage, dice: Dice, ground: float, depth: float) -> None:
    """One row of buildings. The nearest leaves the middle open, like a street."""
    haze = mix(stage.palette.sky[-1], stage.palette.far, 0.55)
    color = mix(stage.natural(stage.distant(0.25 + 0.75 * depth), CONCRETE, 0.6, depth), haze, 0.5 * (1 - depth))
    body, roofs = stage.drawing(), stage.drawing()
    towers: list[tuple[int, int, int]] = []
    x = -stage.unit * 0.04
    while x < stage.width:
        wide = stage.unit * dice.between(0.05, 0.1) * (0.75 + 0.75 * depth)
        off = abs((x + wide / 2) / stage.width - 0.5) * 2
        tall = stage.height * dice.between(0.2, 0.44) * (1.22 - 0.3 * depth)
        if depth == 1:
            tall *= 0.3 + 1.45 * off**1.3
        elif dice.chance(0.22):
            tall *= 1.35
        top = ground - min(tall, ground * 0.92)
        body.polygon([(x, ground + 2), (x, top), (x + wide, top), (x + wide, ground + 2)])
        _roof(roofs, stage, dice, x, top, wide)
        towers.append((round(x), round(top), round(wide)))
        x += wide * (1.0 if dice.chance(0.6) else dice.between(1.05, 1.5))
    foot = mix(color, haze, 0.5 * (1 - depth) + 0.1)
    cover = np.maximum(body.mask(), roofs.mask())
    stage.paint(stage.gradient((color, color, foot), 0, ground), cover)
    for left, top, wide in towers:
        _windows(stage, dice, left, top, wide, round(ground), depth)
    if depth > 0.3:
        _signs(stage, dice.child("signs"), towers, ground, depth)


def _roof(drawing, stage: Stage, dice: Dice, x: float, top: float, wide: float) -> None:  # type: ignore[no-untyped-def]
    kind = dice.whole(0, 4)
    high = stage.unit * dice.between(0.012, 0.04)
    if kind == 0:
        drawing.polygon([(x + wide * 0.2, top + 1), (x + wide * 0.2, top - high), (x + wide * 0.8, top - high), (x + wide * 0.8, top + 1)])
    elif kind == 1:
        drawing.polygon([(x, top + 1), (x + wide * 0.5, top - high * 1.6), (x + wide, top + 1)])
    elif kind == 2:
        drawing.line([(x + wide * 0.5, top + 1), (x + wide * 0.5, top - high * 2.6)], stage.unit * 0.003)
        drawing.line([(x + wide * 0.34, top - high), (x + wide * 0.66, top - high)], stage.unit * 0.002)
    elif kind == 3:
        drawing.polygon([(x, top + 1), (x, top - high), (x + wide, top + 1)])


def _windows(stage: Stage, dice: Dice, left: int, top: int, wide: int, ground: int, depth: float) -> None:
    """A grid of panes, some lit; whole storeys go dark together, as they do."""
    cell_w = max(3, round(stage.unit * (0.008 + 0.007 * depth)))
    cell_h = max(4, round(stage.unit * (0.011 + 0.010 * depth)))
    left, right = max(0, left + cell_w // 2), min(stage.width, left + wide - cell_w // 2)
    top, bottom = max(0, top + cell_h), ground - cell_h
    columns, rows = (right - left) // cell_w, (bottom - top) // cell_h
    if columns < 1 or rows < 1:
        return
    chance = (0.46 if stage.palette.dark else 0.2) * (0.6 + 0.4 * depth)
    lit = dice.many(rows, columns) * (0.55 + 0.9 * dice.many(rows, 1)) < chance
    warm = mix(stage.palette.accents[0], stage.palette.light, 0.55)
    tints = np.array([warm, stage.palette.light, mix(stage.palette.accents[1], stage.palette.light, 0.3)], np.float32)
    panes = tints[(dice.many(rows, columns) ** 1.6 * 2.999).astype(int)] * (0.45 + 0.55 * dice.many(rows, columns))[..., None]
    grid = np.zeros((rows * cell_h, columns * cell_w), np.float32)
    inside = grid.reshape(rows, cell_h, columns, cell_w)
    inside[:, cell_h // 5 : cell_h - cell_h // 4, :, cell_w // 4 : cell_w - cell_w // 5] = 1
    strength = np.where(lit, 0.9, 0.10 if stage.palette.dark else 0.28).astype(np.float32) * np.float32(0.4 + 0.6 * depth)
    cover = grid * np.kron(strength, np.ones((cell_h, cell_w), np.float32))
    colors = np.repeat(np.repeat(np.where(lit[..., None], panes, array_of(stage.palette.sky[1])), cell_h, 0), cell_w, 1)
    part = stage.picture[top : top + rows * cell_h, left : left + columns * cell_w]
    part += (colors - part) * cover[..., None]


def _signs(stage: Stage, dice: Dice, towers: list[tuple[int, int, int]], ground: float, depth: float) -> None:
    """Upright signs with strokes that look like writing; without neon they are painted boards."""
    bright = stage.palette.dark
    for left, top, wide in towers:
        if not dice.chance(0.45 if bright else 0.12) or ground - top < stage.unit * 0.1:
            continue
        color = dice.one(stage.palette.accents)
        tall, broad = (
            stage.unit * dice.between(0.06, 0.17) * (0.6 + 0.6 * depth),
            stage.unit * dice.between(0.014, 0.024) * (0.6 + 0.7 * depth),
        )
        x, y = left + wide * dice.between(0.1, 0.8), top + (ground - top) * dice.between(0.08, 0.4)
        if bright:
            stage.glow(color, (x + broad / 2, y + tall / 2), tall * 0.75, 0.5)
        _sign(stage, dice, color, (round(x), round(y), round(broad), round(tall)), bright=bright)


def _sign(stage: Stage, dice: Dice, color: Color, box: tuple[int, int, int, int], *, bright: bool) -> None:
    x, y, broad, tall = box
    part = stage.picture[max(0, y) : y + tall, max(0, x) : x + broad]
    if part.size == 0 or broad < 4:
        return
    part[:] = array_of(mix(color, stage.palette.near, 0.72))
    rows, columns, _ = part.shape
    border = max(1, broad // 9)
    ink = array_of(mix(color, (1, 1, 1), 0.45 if bright else 0.1))
    part[:border], part[-border:], part[:, :border], part[:, -border:] = ink, ink, ink, ink
    glyph = max(4, columns - 2 * border - 2)
    for row in range(border + 2, rows - glyph, glyph + max(2, glyph // 4)):
        strokes = dice.many(4, 4) > 0.5
        strokes[:, 1] |= dice.chance(0.7)
        cell = max(1, glyph // 4)
        room = part[row : rows - border - 1, border + 1 : columns - border - 1]
        block = np.kron(strokes, np.ones((cell, cell), bool))[: room.shape[0], : room.shape[1]]
        room[: block.shape[0], : block.shape[1]][block] = ink


def _haze(stage: Stage, ground: float, depth: float) -> None:
    color = mix(stage.palette.sky[-1], stage.palette.accents[0], 0.25 if stage.palette.dark else 0.0)
    rise = np.exp(-((ground - stage.y) / np.float32(stage.height * 0.17)) * (stage.y < ground)) * np.float32(0.5 * (1 - depth) + 0.04)
    stage.paint(color, np.broadcast_to(rise, (stage.height, stage.width)).astype(np.float32))


def _street(stage: Stage, dice: Dice, top: int) -> None:
    """Wet asphalt: the city upside down, drawn long, broken by puddles."""
    rows = stage.height - top
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    puddles = noise.field(dice, stage.width, rows, cells=5, stretch=4.5, octaves=4)
    shake = (noise.field(dice.child("shake"), stage.width, rows, cells=24, stretch=7, octaves=2) - 0.5) * stage.unit * 0.05
    source = np.clip(top - 1 - np.arange(rows, dtype=np.float32)[:, None] * 2.1 + shake, 0, top - 1).astype(np.int32)
    mirrored = stage.picture[source, np.broadcast_to(np.arange(stage.width)[None, :], source.shape)]
    for channel in range(3):
        long = blurred(np.ascontiguousarray(mirrored[..., channel]), stage.unit * 0.006)
        mirrored[..., channel] = mirrored[..., channel] * 0.45 + long * 0.62
    wet = np.clip(0.25 + 1.5 * (puddles - 0.42), 0.16, 0.92) * (0.95 - 0.35 * depth)
    road = array_of(mix(stage.palette.near, stage.palette.far, 0.18))
    stage.picture[top:] = road + (mirrored - road) * wet[..., None]
    stage.shade(np.broadcast_to(np.exp(-depth * 30) * 0.6, (rows, stage.width)).astype(np.float32), top)
