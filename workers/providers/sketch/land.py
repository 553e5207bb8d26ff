"""Land in layers: ridges, dunes, tree lines, water that mirrors what stands above it, and mist between them."""

import numpy as np
from numpy.typing import NDArray

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import Color, Field, array_of, mix, shifted, smooth
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.stage import Stage


def below(stage: Stage, edge: NDArray[np.float32]) -> tuple[Field, int]:
    """The cover of all that lies below the line *edge* (one row number a column), and its first row."""
    top = max(0, int(edge.min()) - 1)
    return np.clip(stage.y[top:] - edge[None, :] + np.float32(0.5), 0, 1), min(top, stage.height - 1)


def layer(stage: Stage, edge: NDArray[np.float32], color: Color, foot: Color, *, depth_px: float) -> tuple[Field, int]:
    """Paint one layer that fades from *color* at its edge into *foot* over *depth_px* rows."""
    cover, top = below(stage, edge)
    fade = np.clip((stage.y[top:] - edge[None, :]) / np.float32(max(1.0, depth_px)), 0, 1)[..., None]
    stage.paint(array_of(color) + (array_of(foot) - array_of(color)) * fade, cover, top)
    return cover, top


def mountain_layer(stage: Stage, dice: Dice, edge: NDArray[np.float32], depth: float, *, snow: float) -> None:
    """Rock with lit and shaded faces that follow the ridge; *snow* 0 to 1 is how far it comes down."""
    haze = mix(stage.palette.sky[-1], stage.palette.far, 0.35)
    color = stage.distant(depth)
    reach = stage.unit * 0.34
    cover, top = layer(stage, edge, color, mix(color, haze, 0.75 * (1 - depth) + 0.12), depth_px=reach)
    if stage.style == "minimal":
        return
    faces = _faces(stage, dice, edge, top)
    sunward = 1.0 if stage.sun[0] > stage.width / 2 else -1.0
    height = np.clip(1 - (stage.y[top:] - edge[None, :]) / np.float32(reach), 0, 1)
    lit = np.clip(faces * sunward, -1, 1) * height
    stage.shine(stage.palette.light, np.clip(lit, 0, 1) * cover * np.float32(0.34 - 0.12 * depth), top)
    stage.shade(np.clip(-lit, 0, 1) * cover * np.float32(0.34), top)
    if snow > 0:
        rough = faces * 0.16
        cap = smooth(1 - snow * 0.55, 1 - snow * 0.55 + 0.12, height + rough) * cover
        tint = mix((0.97, 0.98, 1.0), stage.palette.light, 0.35)
        shadow = mix(tint, stage.palette.sky[min(1, len(stage.palette.sky) - 1)], 0.55)
        side = smooth(-0.25, 0.35, faces * sunward)[..., None]
        stage.paint(array_of(shadow) + (array_of(tint) - array_of(shadow)) * side, cap * np.float32(0.9), top)


def _faces(stage: Stage, dice: Dice, edge: NDArray[np.float32], top: int) -> Field:
    """Slopes of the rock, -1 to 1, sheared so that creases run down from the ridge."""
    rows = stage.height - top
    rock = noise.field(dice, stage.width, rows, cells=7, stretch=0.8, octaves=5, gain=0.56)
    creases = np.abs(2 * rock - 1)
    # Half of the ridge's shape: with all of it every face hangs straight down like an icicle.
    drop = ((edge - edge.min()) * np.float32(0.45)).astype(np.int32)[None, :]
    source = np.clip(np.arange(rows, dtype=np.int32)[:, None] - drop, 0, rows - 1)
    sheared = np.take_along_axis(creases, source, axis=0)
    step = max(1, round(stage.unit * 0.006))
    # A peak's face falls aslant, not straight down: every point looks along its slant at the slope of the ridge above it.
    down = np.maximum(stage.y[top:] - edge[None, :], 0)
    wide = max(3, round(stage.unit * 0.02)) | 1
    ridge = np.convolve(np.pad(np.gradient(edge), wide // 2, mode="edge"), np.full(wide, 1 / wide, np.float32), mode="valid").astype(
        np.float32
    )
    bend = (sheared - 0.5) * np.float32(stage.unit * 0.11)
    source = np.clip(stage.x - down * np.float32(0.42) + bend, 0, stage.width - 1).astype(np.int32)
    return np.clip((sheared - shifted(sheared, step, 0)) * 2.6 + ridge[source] * np.float32(0.85), -1, 1)


def mist(stage: Stage, row: float, thickness: float, strength: float, name: str) -> None:
    """A bank of mist around *row*."""
    top, bottom = (round(min(max(row + sign * thickness, 0), stage.height)) for sign in (-1, 1))
    if bottom - top < 4:
        return
    lumps = noise.field(stage.dice.child(name), stage.width, bottom - top, cells=1.6, stretch=4, octaves=4)
    band = 1 - np.abs(np.linspace(-1, 1, bottom - top, dtype=np.float32))[:, None]
    color = mix(stage.palette.sky[-1], stage.palette.light, 0.3)
    stage.paint(color, np.clip(band * band * (3 - 2 * band) * (0.35 + lumps) * np.float32(strength), 0, 1), top)


def tree_line(stage: Stage, dice: Dice, base: NDArray[np.float32], *, height: float, spacing: float) -> NDArray[np.float32]:
    """The line *base* with fir trees standing on it."""
    edge = base.copy()
    x = -spacing
    while x < stage.width + spacing:
        tall = height * dice.between(0.45, 1.0) ** 1.2
        half = tall * dice.between(0.17, 0.24)
        left, right = max(0, int(x - half)), min(stage.width, int(x + half) + 1)
        if right > left:
            away = np.abs(np.arange(left, right, dtype=np.float32) - x) / half
            # Branches: the outline steps outwards and back in, seven times from top to foot.
            jag = 0.09 * np.abs(np.mod(away * 7, 1) - 0.5) * np.minimum(1, away * 4)
            ground = base[min(max(int(x), 0), stage.width - 1)]
            outline = ground - tall * np.clip(1 - away - jag, 0, 1) ** 0.92
            edge[left:right] = np.minimum(edge[left:right], outline)
        x += spacing * dice.between(0.35, 1.3)
    return edge


def water(stage: Stage, row: float, *, calm: float, tint: Color) -> None:
    """A mirror from *row* down: what stands above, upside down, torn by ripples; *calm* 1 is glass."""
    top = round(row)
    rows = stage.height - top
    if rows < 4 or top < 4:
        return
    dice = stage.dice.child("water")
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    ripple = noise.field(dice, stage.width, rows, cells=18, stretch=9, octaves=3) - 0.5
    fine = noise.field(dice.child("fine"), stage.width, rows, cells=46, stretch=11, octaves=2) - 0.5
    wave = ripple * (0.35 + depth) + fine * (1 - 0.6 * depth)
    squeeze = min(0.98, top / rows * 0.98)
    source = (top - 1 - np.arange(rows, dtype=np.float32)[:, None] * min(1.0, squeeze)
              + wave * np.float32(stage.unit * 0.085 * (1.15 - calm)) * (0.25 + depth))  # fmt: skip
    rows_of = np.clip(source, 0, top - 1).astype(np.int32)
    mirrored = stage.picture[rows_of, np.broadcast_to(np.arange(stage.width)[None, :], rows_of.shape)]
    strength = np.clip(0.86 - 0.34 * depth + wave * 0.35, 0, 1)[..., None]
    body = stage.gradient((mix(tint, stage.palette.sky[-1], 0.35), tint, mix(tint, stage.palette.near, 0.5)), 0, rows, rows)
    stage.picture[top:] = body + (mirrored - body) * strength
    glint = np.exp(-((stage.x - stage.sun[0]) ** 2) / ((0.03 + 0.16 * depth) * stage.unit) ** 2)
    sparks = smooth(0.1, 0.22, wave + 0.05) * glint * (0.9 - 0.45 * depth)
    stage.shine(stage.palette.light, sparks.astype(np.float32) * np.float32(0.85), top)
    stage.shine(stage.palette.light, (smooth(0.2, 0.34, wave) * 0.14).astype(np.float32), top)
