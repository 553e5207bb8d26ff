"""Three hands that paint anew over the finished scene: oil, watercolour and ink."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import Field, array_of, blurred, from_image, luminance, smooth, to_image
from workers.providers.sketch.stage import Stage

#: Strokes of each pass: length and width as fractions of the shorter side, and how many of them cover it.
PASSES = ((0.075, 0.026, 900), (0.042, 0.013, 2_600), (0.024, 0.0065, 5_600))


def paint_oil(stage: Stage) -> None:
    """Strokes from coarse to fine that follow the forms, then the relief of the paint in slanting light."""
    source = to_image(stage.picture).filter(ImageFilter.GaussianBlur(stage.unit * 0.003))
    pixels = np.asarray(source)
    flow = _flow(stage, luminance(from_image(source)))
    canvas = source.filter(ImageFilter.GaussianBlur(stage.unit * 0.012))
    relief = Image.new("L", canvas.size, 128)
    paint, bumps = ImageDraw.Draw(canvas), ImageDraw.Draw(relief)
    for number, (long, wide, count) in enumerate(PASSES):
        dice = stage.dice.child(f"strokes-{number}")
        count = round(count * stage.width * stage.height / stage.unit**2)
        spots = dice.many(count, 4)
        rows, columns = (spots[:, 0] * stage.height).astype(int), (spots[:, 1] * stage.width).astype(int)
        angles = flow[rows, columns] + (spots[:, 2] - 0.5) * 0.7
        colors = np.clip(pixels[rows, columns] * (0.88 + 0.26 * spots[:, 3:4]) + 2, 0, 255).astype(int)
        dx, dy = np.cos(angles) * long * stage.unit / 2, np.sin(angles) * long * stage.unit / 2
        width = max(1, round(wide * stage.unit))
        ends = np.stack([columns - dx, rows - dy, columns + dx, rows + dy], axis=1).tolist()
        heights = (95 + spots[:, 3] * 70).astype(int).tolist()
        for end, color, high in zip(ends, colors.tolist(), heights, strict=True):
            paint.line(end, fill=tuple(color), width=width)
            bumps.line(end, fill=high, width=width)
    stage.picture[:] = from_image(canvas.filter(ImageFilter.GaussianBlur(0.6)))
    height = np.asarray(relief.filter(ImageFilter.GaussianBlur(stage.unit * 0.0012)), np.float32) / 255
    weave = noise.field(stage.dice.child("canvas"), stage.width, stage.height, cells=150, octaves=1) - 0.5
    light = np.gradient(height, axis=0) + np.gradient(height, axis=1)
    stage.picture += np.clip(light * 0.62 + weave * 0.04, -0.09, 0.09)[..., None].astype(np.float32)
    grey = luminance(stage.picture)[..., None]
    stage.picture[:] = grey + (stage.picture - grey) * np.float32(1.3)


def _flow(stage: Stage, tone: Field) -> Field:
    """The direction of strokes: along the edges, and along slow swirls where there are none."""
    soft = blurred(tone, stage.unit * 0.01)
    gy, gx = np.gradient(soft)
    strength = np.clip(np.hypot(gx, gy) * stage.unit / 3, 0, 1)
    swirl = (noise.field(stage.dice.child("swirl"), stage.width, stage.height, cells=2, octaves=2) - 0.5) * 6
    along = np.arctan2(gx, -gy)
    # Angles are mixed as directions: their double is averaged, then halved.
    x = np.cos(2 * along) * strength + np.cos(2 * swirl) * (1 - strength)
    y = np.sin(2 * along) * strength + np.sin(2 * swirl) * (1 - strength)
    return (np.arctan2(y, x) / 2).astype(np.float32)


def paint_watercolor(stage: Stage) -> None:
    """Washes with hard wet edges, grains of pigment in the paper's hollows, and white paper around an uneven border."""
    w, h, unit = stage.width, stage.height, stage.unit
    bleed = [(noise.field(stage.dice.child(f"bleed-{i}"), w, h, cells=14, octaves=3) - 0.5) * unit * 0.02 for i in range(2)]
    rows = np.clip(stage.y + bleed[0], 0, h - 1).astype(np.int32)
    columns = np.clip(stage.x + bleed[1], 0, w - 1).astype(np.int32)
    half = to_image(stage.picture[rows, columns]).resize((max(2, w // 2), max(2, h // 2)), Image.Resampling.BOX)
    washed = from_image(half.filter(ImageFilter.MedianFilter(3)).resize((w, h), Image.Resampling.BICUBIC))
    tone = luminance(washed)
    pools = noise.field(stage.dice.child("pools"), w, h, cells=3, octaves=4)
    levels = tone * 6 + (pools - 0.5) * 2.2
    edge = np.exp(-((np.mod(levels, 1) - 0.06) ** 2) / 0.004)
    density = 1.16 + (pools - 0.5) * 0.7 + edge * 0.16
    granules = noise.field(stage.dice.child("granules"), w, h, cells=190, octaves=2) - 0.5
    density = density + granules * 0.22
    # Pigment on white: more density means less light through each colour.
    grey = tone[..., None]
    picture = np.clip((grey + (washed - grey) * 1.35) * 0.95 + 0.05, 0.02, 1) ** np.clip(density, 0.3, 2.2)[..., None]
    away = np.minimum(np.minimum(stage.x, w - stage.x), np.minimum(stage.y, h - stage.y)) / np.float32(unit)
    ragged = away + (noise.field(stage.dice.child("border"), w, h, cells=9, octaves=4) - 0.5) * 0.055
    inside = smooth(0.024, 0.034, ragged)
    rim = np.exp(-(((ragged - 0.034) / 0.006) ** 2)) * 0.2
    paper = array_of((0.985, 0.975, 0.95)) * (1 + granules * 0.05)[..., None]
    picture = picture * (1 - rim[..., None])
    stage.picture[:] = paper + (picture * array_of((1.0, 0.995, 0.98)) - paper) * inside[..., None]


def paint_ink(stage: Stage) -> None:
    """Black ink on rice paper: few washes, dry brush, contours that swell, one red seal."""
    w, h, unit = stage.width, stage.height, stage.unit
    picture = np.clip(stage.picture, 0, 1)
    tone = luminance(picture)
    red = smooth(0.12, 0.3, picture[..., 0] - picture[..., 1])
    shake = noise.field(stage.dice.child("hand"), w, h, cells=20, octaves=3) - 0.5
    dry = noise.field(stage.dice.child("dry"), w, h, cells=34, stretch=3.5, octaves=3)
    ink = np.clip((0.93 - tone) / 0.9, 0, 1)
    washes = np.clip(ink * 5 + shake * 0.9, 0, 5)
    wash = (np.floor(washes) + smooth(0.7, 1.0, np.mod(washes, 1))) / 5
    wash = np.clip(wash, 0, 1)
    soft = blurred(tone, max(1.7, unit * 0.0045))
    edges = np.hypot(np.gradient(soft, axis=0), np.gradient(soft, axis=1)) * np.float32(unit / 42)
    contour = smooth(0.2, 0.55, edges * (0.45 + dry))
    depth = np.clip(wash**1.15 * (0.8 + 0.35 * dry) + contour * 0.5, 0, 0.97)
    depth *= smooth(0.24, 0.44, dry + wash * 0.75)
    fibres = noise.field(stage.dice.child("paper"), w, h, cells=110, octaves=3) - 0.5
    paper = array_of((0.955, 0.93, 0.875)) * (1 + fibres * 0.07)[..., None]
    black = array_of((0.075, 0.07, 0.07))
    stage.picture[:] = paper + (black - paper) * (depth * (1 - red))[..., None]
    stage.paint(stage.palette.accents[0], np.clip(red * (0.72 + 0.4 * (dry - 0.5)), 0, 1).astype(np.float32))
    _seal(stage)


def _seal(stage: Stage) -> None:
    dice = stage.dice.child("seal")
    side = max(10, round(stage.unit * 0.05))
    x = round(stage.width * 0.93) - side if dice.chance(0.5) else round(stage.width * 0.07)
    y = round(stage.height * 0.93) - side
    stamp = np.ones((side, side), np.float32)
    cell = max(1, side // 9)
    strokes = np.kron(dice.many(7, 7) > 0.52, np.ones((cell, cell)))[: side - 2 * cell, : side - 2 * cell]
    stamp[cell : cell + strokes.shape[0], cell : cell + strokes.shape[1]] = 1 - 0.85 * strokes
    stamp *= 0.75 + 0.4 * dice.many(side, side)
    part = stage.picture[y : y + side, x : x + side]
    part += (array_of(stage.palette.accents[0]) - part) * np.clip(stamp[: part.shape[0], : part.shape[1]], 0, 0.92)[..., None]
