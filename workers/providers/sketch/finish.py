"""The last touch: each style's own hand, laid over whatever scene was painted."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from workers.providers.sketch import noise
from workers.providers.sketch.arrays import array_of, blurred, from_image, luminance, mix, shifted, smooth, to_image
from workers.providers.sketch.brush import paint_ink, paint_oil, paint_watercolor
from workers.providers.sketch.stage import Stage


def finish(stage: Stage) -> Image.Image:
    """Weather first, then the style, then what lenses and paper add."""
    if stage.wishes.weather & {"rain", "snow"}:
        _falling(stage)
    _HANDS.get(stage.style, _photo)(stage)
    return to_image(stage.picture)


def _falling(stage: Stage) -> None:
    """Rain in slanting lines or snow in soft flakes."""
    dice = stage.dice.child("falling")
    if "rain" in stage.wishes.weather:
        drawing = stage.drawing()
        for _ in range(420):
            x, y = dice.between(-0.1, 1) * stage.width, dice.between(-0.1, 1) * stage.height
            long = stage.unit * dice.between(0.02, 0.07)
            drawing.line([(x, y), (x + long * 0.22, y + long)], stage.unit * 0.0011)
        stage.shine(stage.palette.light, drawing.mask() * np.float32(0.24))
        return
    for _ in range(260):
        near = dice.between(0, 1) ** 3
        center = (dice.between(0, 1) * stage.width, dice.between(0, 1) * stage.height)
        stage.glow((1, 1, 1), center, stage.unit * (0.002 + 0.008 * near), 0.85 - 0.5 * near)


def bloom(stage: Stage, *, above: float, strength: float, radius: float = 0.022) -> None:
    """Bright places spill over, in two widths."""
    excess = np.clip(stage.picture - np.float32(above), 0, 1) / np.float32(1 - above)
    for wide, part in ((radius, 0.6), (radius * 3.6, 0.4)):
        for channel in range(3):
            spill = blurred(np.ascontiguousarray(excess[..., channel]), stage.unit * wide)
            values = stage.picture[..., channel]
            values += (1 - values) * np.clip(spill * np.float32(strength * part), 0, 1)


def grade(stage: Stage, *, contrast: float = 0.0, saturation: float = 1.0) -> None:
    """An S curve, and distance from grey."""
    picture = np.clip(stage.picture, 0, 1)
    if contrast:
        picture += (picture * picture * (3 - 2 * picture) - picture) * np.float32(contrast)
    if saturation != 1:
        grey = luminance(picture)[..., None]
        picture = np.clip(grey + (picture - grey) * np.float32(saturation), 0, 1)
    stage.picture[:] = picture


def grain(stage: Stage, amount: float) -> None:
    speck = stage.dice.child("grain").many(stage.height, stage.width) - np.float32(0.5)
    stage.picture += speck[..., None] * np.float32(amount)


def vignette(stage: Stage, amount: float) -> None:
    dx, dy = stage.x / stage.width - 0.5, stage.y / stage.height - 0.5
    stage.shade((smooth(0.12, 0.62, dx * dx + dy * dy) * amount).astype(np.float32))


def _photo(stage: Stage) -> None:
    bloom(stage, above=0.72, strength=0.35)
    grade(stage, contrast=0.25, saturation=1.06)
    vignette(stage, 0.28)
    grain(stage, 0.022)


def _dream(stage: Stage) -> None:
    dice = stage.dice.child("bokeh")
    bloom(stage, above=0.5, strength=0.75, radius=0.03)
    for _ in range(26):
        center = (dice.between(0, 1) * stage.width, dice.between(0.1, 1) * stage.height)
        disc = stage.disc(center, stage.unit * dice.between(0.008, 0.035)) if dice.chance(0.5) else None
        if disc is not None:
            stage.shine(dice.one(stage.palette.accents), disc * np.float32(dice.between(0.08, 0.26)))
        else:
            stage.glow(stage.palette.light, center, stage.unit * dice.between(0.002, 0.005), 0.9)
    grade(stage, saturation=1.05)
    vignette(stage, 0.18)
    grain(stage, 0.018)


def _electric(stage: Stage) -> None:
    """Neon and cyberpunk: bloom, split colours at the edges, faint scan lines."""
    bloom(stage, above=0.5, strength=0.85, radius=0.014)
    grade(stage, contrast=0.5, saturation=1.22)
    shift = max(1, round(stage.unit * 0.0018))
    stage.picture[..., 0] = shifted(stage.picture[..., 0], shift, 0)
    stage.picture[..., 2] = shifted(stage.picture[..., 2], -shift, 0)
    pitch = max(3, round(stage.unit / 340))
    lines = (np.arange(stage.height) % pitch == 0).astype(np.float32)[:, None]
    stage.picture *= (1 - 0.09 * lines)[..., None]
    vignette(stage, 0.42)
    grain(stage, 0.03)


def _neon(stage: Stage) -> None:
    """Outlines burn in the accents over a darkened picture."""
    tone = luminance(np.clip(stage.picture, 0, 1))
    soft = blurred(tone, max(1.6, stage.unit * 0.0034))
    edges = np.hypot(np.gradient(soft, axis=0), np.gradient(soft, axis=1)) * np.float32(stage.unit / 60)
    lines = smooth(0.14, 0.6, edges)
    place = noise.stretched(noise.field(stage.dice.child("tubes"), stage.width, stage.height, cells=2, octaves=2))[..., None]
    first, second, third = (array_of(color) for color in stage.palette.accents[:3])
    color = np.where(place < 0.5, first + (second - first) * place * 2, second + (third - second) * (place * 2 - 1))
    stage.picture *= np.float32(0.5)
    stage.picture += (color - stage.picture) * (lines * np.float32(0.9))[..., None]
    _electric(stage)


def _noir(stage: Stage) -> None:
    bloom(stage, above=0.6, strength=0.4)
    tone = luminance(np.clip(stage.picture, 0, 1))
    tone = np.clip((tone - 0.06) * 1.2, 0, 1)
    tone = tone * tone * (3 - 2 * tone)
    stage.picture[:] = tone[..., None] * array_of((1.0, 0.985, 0.955))
    blinds = smooth(0.3, 0.5, np.abs(np.mod((stage.y + stage.x * 0.22) / np.float32(stage.unit * 0.075), 1) - 0.5) * 2)
    stage.shade(((1 - blinds) * 0.16 * smooth(0.9, 0.2, stage.y / stage.height)).astype(np.float32))
    vignette(stage, 0.6)
    grain(stage, 0.075)


def _minimal(stage: Stage) -> None:
    """Few flat tones with clean edges."""
    grade(stage, contrast=0.35, saturation=1.3)
    image = to_image(stage.picture).filter(ImageFilter.GaussianBlur(stage.unit * 0.0035))
    image = image.quantize(11, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB")
    stage.picture[:] = from_image(image.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.GaussianBlur(0.7)))
    grain(stage, 0.012)


def _pixel(stage: Stage) -> None:
    """Big pixels, few colours, ordered dither between them."""
    wide, high = (max(24, round(side * 144 / stage.unit)) for side in (stage.width, stage.height))
    grade(stage, contrast=0.35, saturation=1.2)
    small = from_image(to_image(stage.picture).resize((wide, high), Image.Resampling.BOX))
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.47
    small += np.tile(bayer, (high // 4 + 1, wide // 4 + 1))[:high, :wide, None] * np.float32(0.075)
    image = to_image(small).quantize(30, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    stage.picture[:] = from_image(image.resize((stage.width, stage.height), Image.Resampling.NEAREST))


def _pop(stage: Stage) -> None:
    """Flat inks, dots of a printing screen in the half tones, black contours."""
    grade(stage, contrast=0.35, saturation=1.25)
    tone = luminance(stage.picture)
    levels = np.floor(np.clip(stage.picture, 0, 0.999) * 4) / 3
    stage.picture[:] = levels
    pitch = np.float32(stage.unit / 84)
    a, b = (stage.x + stage.y) / pitch, (stage.x - stage.y) / pitch
    screen = (np.cos(a * np.float32(np.pi)) * np.cos(b * np.float32(np.pi)) + 1) / 2
    dots = smooth(-0.08, 0.08, (1 - tone) * 0.95 - screen)
    stage.paint(mix(stage.palette.near, stage.palette.accents[3 % len(stage.palette.accents)], 0.55), (dots * 0.32).astype(np.float32))
    soft = blurred(tone, stage.unit * 0.003)
    edges = np.hypot(np.gradient(soft, axis=0), np.gradient(soft, axis=1)) * np.float32(stage.unit / 50)
    stage.paint(stage.palette.near, (smooth(0.3, 0.75, edges) * 0.9).astype(np.float32))


def _poster(stage: Stage) -> None:
    """Retro: ink on warm paper, soft steps of tone, misprint by a hair, worn edges."""
    grade(stage, contrast=0.2, saturation=0.92)
    tone = luminance(stage.picture)
    steps = tone * 8
    flat = (np.floor(steps) + smooth(0.42, 0.58, np.mod(steps, 1))) / 8
    stage.picture *= (np.clip(flat, 0.02, 1) / np.clip(tone, 0.02, 1))[..., None]
    shift = max(1, round(stage.unit * 0.0012))
    stage.picture[..., 0] = shifted(stage.picture[..., 0], 0, shift)
    _paper(stage, (0.985, 0.95, 0.87), 0.10)
    wear = noise.field(stage.dice.child("wear"), stage.width, stage.height, cells=60, octaves=3)
    stage.paint((0.97, 0.93, 0.84), (smooth(0.77, 0.86, wear) * 0.35).astype(np.float32))
    vignette(stage, 0.2)


def _pastel(stage: Stage) -> None:
    """Chalk: lifted blacks, soft light, the tooth of the paper in every stroke."""
    bloom(stage, above=0.7, strength=0.3)
    stage.picture[:] = stage.picture * np.float32(0.92) + np.float32(0.075)
    tooth = noise.field(stage.dice.child("tooth"), stage.width, stage.height, cells=170, octaves=2) - 0.5
    streak = noise.field(stage.dice.child("streak"), stage.width, stage.height, cells=36, stretch=5, octaves=3) - 0.5
    stage.picture += ((tooth * 0.055 + streak * 0.06)[..., None]).astype(np.float32)
    _paper(stage, (1.0, 0.985, 0.96), 0.05)


def paint_floor(stage: Stage) -> None:
    """Vaporwave's ground: a lit grid that runs to the horizon over the foot of the picture, under the subject."""
    if stage.style != "vaporwave":
        return
    top = round(stage.height * 0.7)
    rows = stage.height - top
    depth = (np.arange(rows, dtype=np.float32)[:, None] + 1) / rows
    far = 1 / depth
    lines = np.abs(np.mod(far * 2.6 + 0.25, 1) - 0.5) * 2
    beams = np.abs(np.mod((stage.x - stage.width / 2) / np.float32(stage.unit) * far * 1.15 + 0.5, 1) - 0.5) * 2
    glow = smooth(0.9 - 0.3 / (far + 1), 1.0, lines) + smooth(1 - 0.05 * far * 0.9, 1.0, beams)
    floor = array_of(mix(stage.palette.near, stage.palette.sky[1], 0.25))
    cover = smooth(0.0, 0.12, depth) * 0.86
    stage.picture[top:] += (floor - stage.picture[top:]) * np.broadcast_to(cover, (rows, stage.width))[..., None]
    stage.shine(stage.palette.accents[0], (np.clip(glow, 0, 1) * (0.3 + 0.7 * depth)).astype(np.float32), top)
    stage.glow(stage.palette.accents[1], (stage.width / 2, float(top)), stage.unit * 0.3, 0.35)
    if stage.standing is not None:
        stage.standing = (stage.standing[0], max(stage.standing[1], stage.height * 0.9), stage.unit * 0.3)


def _paper(stage: Stage, tint: tuple[float, float, float], tooth: float) -> None:
    fibres = noise.field(stage.dice.child("paper"), stage.width, stage.height, cells=120, octaves=3) - 0.5
    stage.picture *= array_of(tint) * (1 + fibres * np.float32(tooth * 2))[..., None]


def _soft(stage: Stage) -> None:
    bloom(stage, above=0.62, strength=0.5)
    grade(stage, contrast=0.22, saturation=1.1)
    vignette(stage, 0.3)
    grain(stage, 0.024)


_HANDS: dict[str, Callable[[Stage], None]] = {
    "autumn": _soft,
    "cyberpunk": _electric,
    "dream": _dream,
    "ink": paint_ink,
    "midnight": _soft,
    "minimal": _minimal,
    "neon": _neon,
    "noir": _noir,
    "oil": paint_oil,
    "pastel": _pastel,
    "pixel": _pixel,
    "pop": _pop,
    "retro": _poster,
    "sunset": _soft,
    "vaporwave": _electric,
    "watercolor": paint_watercolor,
}
