"""A poster of a person: a disc of light, shoulders, a face in two tones of light, hair as one moving mass."""

import numpy as np
from numpy.typing import NDArray

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import Color, array_of, mix, smooth
from workers.providers.sketch.dice import Dice
from workers.providers.sketch.stage import Stage

SKINS: tuple[Color, ...] = ((0.96, 0.80, 0.69), (0.87, 0.66, 0.51), (0.72, 0.50, 0.36), (0.52, 0.34, 0.24), (0.36, 0.23, 0.17))


def paint_portrait(stage: Stage) -> None:
    dice = stage.dice.child("portrait")
    _background(stage, dice.child("background"))
    face = _Face(stage, dice)
    face.hair_behind()
    face.shoulders()
    face.neck_and_head()
    face.features()
    face.hair_before()


def _background(stage: Stage, dice: Dice) -> None:
    stage.picture[:] = stage.gradient(stage.palette.sky, 0, stage.height)
    center = (stage.width / 2, stage.height * 0.42)
    stage.glow(stage.palette.light, center, stage.unit * 0.5, 0.3)
    disc = stage.disc(center, stage.unit * 0.4)
    stage.paint(mix(stage.palette.accents[0], stage.palette.light, 0.2), disc * np.float32(0.9))
    smoke = smooth(0.45, 0.75, noise.field(dice, stage.width, stage.height, cells=2.4, octaves=5))
    stage.shine(stage.palette.light, (smoke * 0.16).astype(np.float32))
    for index in range(16):
        angle, away = dice.between(0, 6.28), stage.unit * dice.between(0.43, 0.62)
        at = (center[0] + away * float(np.cos(angle)), center[1] + away * float(np.sin(angle)))
        stage.paint(stage.palette.accents[index % len(stage.palette.accents)], stage.disc(at, stage.unit * dice.between(0.004, 0.014)))


class _Face:
    """Measures in `r`, half the head's width, around the middle of the face."""

    def __init__(self, stage: Stage, dice: Dice) -> None:
        self.stage, self.dice = stage, dice
        self.r = stage.unit * 0.155
        self.cx, self.cy = stage.width / 2, stage.height * 0.43
        #: Light comes from this side.
        self.side = 1 if dice.chance(0.5) else -1
        tint = mix(stage.palette.light, stage.palette.far, 0.4)
        self.skin = mix(dice.one(SKINS), tint, 0.22)
        self.shadow = mix(self.skin, mix(stage.palette.near, stage.palette.sky[0], 0.4), 0.55)
        self.hair = mix(
            dice.one((stage.palette.near, stage.palette.near, stage.palette.accents[1], stage.palette.accents[0])), stage.palette.near, 0.35
        )
        self.long = dice.chance(0.6)

    def u(self) -> NDArray[np.float32]:
        return (self.stage.x - np.float32(self.cx)) / np.float32(self.r)

    def v(self) -> NDArray[np.float32]:
        return (self.stage.y - np.float32(self.cy)) / np.float32(self.r)

    def cover(self, inside: NDArray[np.float32]) -> NDArray[np.float32]:
        """From a signed distance in `r`, positive inside."""
        return np.clip(inside * np.float32(self.r) + 0.5, 0, 1).astype(np.float32)

    def head(self) -> NDArray[np.float32]:
        u, v = self.u(), self.v()
        jaw = 1 - 0.26 * smooth(0.1, 1.35, v)
        return 1 - np.hypot(u / (0.98 * jaw), np.where(v < 0, v / 1.22, v / 1.36))

    def hair_behind(self) -> None:
        u, v = self.u(), self.v()
        wave = (noise.line(self.dice.child("locks"), self.stage.height, cells=9, octaves=3)[:, None] - 0.5) * 0.42
        wide = 1.24 + wave * smooth(-0.4, 1.5, v) + (0.34 if self.long else -0.05) * smooth(-0.2, 1.8, v)
        length = 2.75 if self.long else 0.55
        inside = np.minimum(wide - np.abs(u) * np.where(v < 0, np.sqrt(1 + np.clip(-v, 0, 1.34) ** 2 * 0.4), 1), length - v)
        crown = 1.32 - np.hypot(u, v + 0.12)
        body = np.where(v < -0.1, crown, inside)
        self._strands(self.cover(body), 0.75)

    def shoulders(self) -> None:
        u, v = self.u(), self.v()
        slope = 2.02 + 0.42 * np.abs(u) ** 1.5 * 0.42 + 0.05 * np.cos(u * 2)
        inside = np.minimum(v - slope, 9 - np.abs(u))
        color = self.stage.palette.accents[2 % len(self.stage.palette.accents)]
        cloth = mix(color, self.stage.palette.near, 0.45)
        cover = self.cover(inside)
        self.stage.paint(cloth, cover)
        lit = smooth(-0.4, 1.6, u * self.side) * cover
        self.stage.paint(mix(cloth, self.stage.palette.light, 0.32), (lit * 0.65).astype(np.float32))
        folds = noise.field(self.dice.child("cloth"), self.stage.width, self.stage.height, cells=5, stretch=0.5, octaves=4)
        self.stage.shade((np.clip(folds - 0.45, 0, 1) * cover * 1.1).astype(np.float32))

    def neck_and_head(self) -> None:
        u, v = self.u(), self.v()
        neck = np.minimum(0.46 + 0.26 * smooth(1.5, 2.4, v) - np.abs(u), np.minimum(v - 0.4, 2.62 - v - 0.55 * np.abs(u)))
        self._skin(self.cover(neck), v, under=0.75)
        self._skin(self.cover(self.head()), v, under=0.0)

    def _skin(self, cover: NDArray[np.float32], v: NDArray[np.float32], *, under: float) -> None:
        u = self.u() * self.side
        turn = u - 0.22 * np.exp(-((v - 0.15) ** 2) / 0.12) + 0.12 * np.sin(v * 2.4)
        light = smooth(-0.5, 0.42, turn) * (1 - under * smooth(2.0, 1.1, v))
        paint = array_of(self.shadow) + (array_of(self.skin) - array_of(self.shadow)) * light[..., None]
        self.stage.paint(paint.astype(np.float32), cover)
        rim = smooth(0.72, 1.0, u) * cover * (1 - under)
        self.stage.shine(self.stage.palette.light, (rim * 0.4).astype(np.float32))

    def features(self) -> None:
        """Closed lids, brows, the nose's shadow, lips: few lines, so that it stays a poster."""
        ink = mix(self.shadow, self.stage.palette.near, 0.72)
        drawing = self.stage.drawing()
        for sign in (-1, 1):
            lid = [self._at(sign * (0.42 + t * 0.26), 0.1 + 0.1 * (1 - t * t)) for t in np.linspace(-1, 1, 13)]
            drawing.line(lid, self.r * 0.045)
            for t in (-0.75, -0.25, 0.25, 0.75):
                start = (sign * (0.42 + t * 0.26), 0.1 + 0.1 * (1 - t * t))
                drawing.line([self._at(*start), self._at(start[0] + t * 0.09 * sign, start[1] + 0.1)], self.r * 0.022)
            drawing.line(
                [self._at(sign * (0.42 + t * 0.33), -0.26 - 0.1 * (1 - t * t) + 0.05 * t) for t in np.linspace(-1, 1, 13)], self.r * 0.07
            )
        drawing.line([self._at(-0.12 * self.side, 0.2), self._at(-0.17 * self.side, 0.55), self._at(0.0, 0.62)], self.r * 0.03)
        self.stage.paint(ink, drawing.mask() * np.float32(0.9))
        lips = self.stage.drawing()
        upper = [self._at(t * 0.32, 0.92 - 0.07 * (1 - t * t) + 0.035 * np.exp(-((t * 6) ** 2))) for t in np.linspace(-1, 1, 21)]
        lower = [self._at(t * 0.32, 0.92 + 0.11 * (1 - t * t)) for t in np.linspace(1, -1, 21)]
        lips.polygon(upper + lower)
        red = mix(mix(self.skin, self.stage.palette.accents[0], 0.5), self.shadow, 0.4)
        self.stage.paint(red, lips.mask() * np.float32(0.92))
        for sign in (-1, 1):
            self.stage.glow(self.stage.palette.accents[0], self._at(sign * 0.55, 0.5), self.r * 0.26, 0.14)

    def hair_before(self) -> None:
        """The fringe falls from a parting, to the shaded side."""
        u, v = self.u() * self.side, self.v()
        hairline = -0.66 - 0.25 * np.cos((u - 0.35) * 2.1) + 0.62 * smooth(0.1, -1.0, u) ** 1.4 + 0.5 * smooth(0.62, 1.05, u)
        outer = 1.3 - np.hypot(self.u(), v + 0.12)
        self._strands(self.cover(np.minimum(hairline - v, outer)), 1.0)

    def _strands(self, cover: NDArray[np.float32], shine: float) -> None:
        u, v = self.u(), self.v()
        flow = np.hypot(u * 1.5, v + 0.7) + 0.12 * np.sin(v * 3) * np.sign(u)
        lines = noise.line(self.dice.child("strands"), 4_096, cells=70, octaves=4)
        strand = lines[np.clip(flow / 5 * 4_095, 0, 4_095).astype(np.int32)]
        dark, lit = array_of(mix(self.hair, self.stage.palette.near, 0.5)), array_of(mix(self.hair, self.stage.palette.light, 0.4))
        gloss = smooth(0.35, 0.8, strand) * (0.25 + 0.75 * smooth(-0.9, 1.1, u * self.side)) * np.float32(shine)
        self.stage.paint((dark + (lit - dark) * gloss[..., None]).astype(np.float32), cover)

    def _at(self, u: float, v: float) -> tuple[float, float]:
        return (self.cx + u * self.r, self.cy + float(v) * self.r)
