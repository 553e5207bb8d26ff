"""Skies: gradient, stars, sun or moon with its glow, clouds, aurora. Every landscape begins with one."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import array_of, mix, shifted, smooth
from workers.providers.sketch.stage import Stage

STRIPED = ("retro", "vaporwave")
FLAT = ("ink", "minimal", "retro")


def paint_sky(stage: Stage, horizon: float, *, body: bool = True, clouds: float = 1.0) -> None:
    """The sky down to row *horizon*; below it the horizon's colour goes on."""
    dice = stage.dice.child("sky")
    stage.picture[:] = stage.gradient(stage.palette.sky, 0, horizon)
    stage.sun = (stage.width * _off_middle(dice.between(0, 1)), horizon * dice.between(0.3, 0.72))
    if stage.palette.dark:
        _stars(stage, horizon)
    if "aurora" in stage.wishes.weather:
        _aurora(stage, horizon)
    if body:
        _sun_or_moon(stage, dice.between(0.045, 0.08) * stage.unit)
    if clouds > 0 and stage.style != "minimal":
        _clouds(stage, horizon, clouds * dice.between(0.7, 1.1))
    stage.sky_is_done()


def _off_middle(place: float) -> float:
    """Left or right third: a sun in the very middle looks like a mistake."""
    return 0.2 + 0.24 * place * 2 if place < 0.5 else 0.56 + 0.24 * (place - 0.5) * 2


def _stars(stage: Stage, horizon: float) -> None:
    dice = stage.dice.child("stars")
    count = int(stage.width * horizon / 1_500)
    x = (dice.many(count) * stage.width).astype(int) % stage.width
    y = (dice.many(count) ** 1.4 * horizon).astype(int) % stage.height
    bright = dice.many(count) ** 5 * (1 - y / max(1.0, horizon)) ** 0.5
    stage.picture[y, x] += (1 - stage.picture[y, x]) * bright[:, None]
    for index in np.argsort(-bright, kind="stable")[: 6 + count // 120]:
        stage.glow(stage.palette.light, (float(x[index]), float(y[index])), stage.unit * 0.0028, 0.9)


def _sun_or_moon(stage: Stage, radius: float) -> None:
    light, center = stage.palette.light, stage.sun
    if stage.style in STRIPED:
        _striped_sun(stage, radius * 2.3)
        return
    for reach, strength in ((9, 0.16), (4.5, 0.22), (2.0, 0.38)):
        stage.glow(light, center, radius * reach, strength if stage.style not in FLAT else strength * 0.3)
    disc = stage.disc(center, radius)
    if stage.style == "ink" or (stage.style == "minimal" and not stage.palette.dark):
        stage.paint(stage.palette.accents[0], disc * np.float32(0.92))
        return
    stage.paint(light, disc * np.float32(0.96))
    if stage.palette.dark:
        _craters(stage, center, radius)


def _craters(stage: Stage, center: tuple[float, float], radius: float) -> None:
    """The moon's seas, and a soft dark limb."""
    top, left = round(center[1] - radius), round(center[0] - radius)
    size = round(radius * 2)
    if top < 0 or left < 0 or top + size > stage.height or left + size > stage.width or size < 12:
        return
    spots = smooth(0.5, 0.68, noise.field(stage.dice.child("moon"), size, size, cells=3, octaves=4))
    at = (np.arange(size, dtype=np.float32) + 0.5) / radius - 1
    distance = np.hypot(at[None, :], at[:, None])
    inside = np.clip((1 - distance) * radius, 0, 1)
    part = stage.picture[top : top + size, left : left + size]
    part *= 1 - (inside * (spots * 0.2 + np.clip(distance, 0, 1) ** 4 * 0.16))[..., None]


def _striped_sun(stage: Stage, radius: float) -> None:
    """The big sun of old posters, cut by bands that grow downwards."""
    center = (stage.width * (0.5 + (stage.sun[0] / stage.width - 0.5) * 0.4), stage.sun[1] + radius * 0.25)
    stage.sun = center
    stage.glow(stage.palette.accents[1], center, radius * 1.5, 0.5)
    place = (stage.y - (center[1] - radius)) / (2 * radius)
    bands = smooth(0.0, 0.12, np.mod(place * 9, 1) - np.clip((place - 0.42) * 0.75, 0, 0.6))
    colors = stage.gradient((stage.palette.light, mix(stage.palette.light, stage.palette.accents[0], 0.55), stage.palette.accents[1]),
                            center[1] - radius, center[1] + radius)  # fmt: skip
    bands = np.where(place < 0.42, 1, bands).astype(np.float32)
    stage.paint(colors, stage.disc(center, radius) * bands)


def _clouds(stage: Stage, horizon: float, amount: float) -> None:
    dice = stage.dice.child("clouds")
    rows = min(stage.height, round(horizon) + 1)
    if rows < 8:
        return
    heavy = 0.1 if stage.wishes.weather & {"rain", "fog"} else 0.0
    lumps = noise.field(dice, stage.width, rows, cells=3.2, stretch=2.6, octaves=6, gain=0.53)
    edge = dice.between(0.5, 0.58) - heavy
    height = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    cover = smooth(edge, edge + 0.2, lumps) * (0.35 + 0.65 * smooth(0.0, 0.35, height)) * np.float32(0.8 * min(1.0, amount))
    step = max(1, round(stage.unit * 0.012))
    toward = 1 if stage.sun[0] > stage.width / 2 else -1
    relief = lumps - shifted(lumps, -toward * step, step)
    lit = np.clip(0.5 + relief * 7, 0, 1)[..., None]
    bright = array_of(mix(stage.palette.light, stage.palette.sky[-1], 0.25))
    dim = array_of(mix(stage.palette.far, stage.palette.sky[len(stage.palette.sky) // 2], 0.55))
    stage.paint(dim + (bright - dim) * lit, cover)


def _aurora(stage: Stage, horizon: float) -> None:
    dice = stage.dice.child("aurora")
    rows = max(2, round(horizon))
    y = stage.y[:rows]
    for color, base in (((0.25, 1.0, 0.6), 0.62), ((0.4, 0.6, 1.0), 0.5), ((0.85, 0.35, 0.9), 0.4)):
        foot = horizon * (base + 0.22 * (noise.line(dice, stage.width, cells=2, octaves=3)[None, :] - 0.5) * 2)
        strands = noise.line(dice, stage.width, cells=38, octaves=2)[None, :]
        above = (foot - y) / (horizon * 0.42)
        curtain = np.where(above > 0, np.exp(-above * 2.2), np.exp(above * 22)).astype(np.float32)
        stage.shine(color, curtain * (0.25 + 0.75 * strands**2) * np.float32(0.62))
