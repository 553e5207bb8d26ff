"""The pictures that a clip moves: a sky that drifts behind the land, or one picture where there is no sky."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from workers.providers.clip.plan import Plan
from workers.providers.look.opening import opened
from workers.providers.sketch.arrays import Picture, smooth
from workers.providers.sketch.finish import finish, paint_floor
from workers.providers.sketch.palettes import STYLES
from workers.providers.sketch.render import palette_for, scene_for
from workers.providers.sketch.scenes import SCENES
from workers.providers.sketch.stage import Stage
from workers.providers.sketch.subjects import paint_subject

#: The painting is so much bigger than a frame: room for the camera to move.
MARGIN = 1.16
#: Styles that paint anew, stroke by stroke: sky and land would no longer fit.
WHOLE = frozenset({"abstract", "ink", "oil", "watercolor"})
WATER = frozenset({"lake", "sea"})


@dataclass(frozen=True)
class Layers:
    """Raw pixels (RGB; the cover one byte each), so that they travel to another process quickly."""

    width: int
    height: int
    far: bytes
    near: bytes | None = None
    cover: bytes | None = None
    #: The row, 0 to 1, below which all is water.
    water: float | None = None
    #: The first frame is a given picture: the camera begins with all of it.
    given: bool = False

    def images(self) -> tuple[Image.Image, Image.Image | None, Image.Image | None]:
        size = (self.width, self.height)
        near = Image.frombytes("RGB", size, self.near) if self.near is not None else None
        cover = Image.frombytes("L", size, self.cover) if self.cover is not None else None
        return Image.frombytes("RGB", size, self.far), near, cover


class _SkyKeeping(Stage):
    """A stage that keeps its sky."""

    sky: Picture | None = None

    def sky_is_done(self) -> None:
        if self.sky is None:
            self.sky = self.picture.copy()


def paint(plan: Plan, first: bytes | None) -> Layers:
    """From *first* where a picture is given, else from the words."""
    width, height = round(plan.width * MARGIN / 2) * 2, round(plan.height * MARGIN / 2) * 2
    if first is not None:
        given = opened(first, 2 * max(width, height))
        white = Image.new("RGBA", given.size, (255, 255, 255, 255))
        image = ImageOps.fit(Image.alpha_composite(white, given).convert("RGB"), (width, height), Image.Resampling.LANCZOS)
        return Layers(width, height, image.tobytes(), given=True)
    wishes = plan.wishes
    name = plan.style if plan.style in STYLES else wishes.style
    dice = plan.dice("picture")
    # What falls is drawn for each frame; on the still picture it would hang in the air.
    still = replace(wishes, weather=wishes.weather - {"rain", "snow"})
    stage = _SkyKeeping(width, height, palette=palette_for(name, wishes, dice), dice=dice, wishes=still, style=name or "photo")
    scene = scene_for(name, wishes, dice.child("scene"))
    SCENES[scene](stage)
    paint_floor(stage)
    paint_subject(stage)
    if stage.sky is None or name in WHOLE:
        return Layers(width, height, finish(stage).tobytes())
    cover, touched = _cover(stage)
    water = _first_full_row(touched) if scene in WATER else None
    near = finish(stage)
    stage.picture[:] = stage.sky
    far = finish(stage)
    return Layers(width, height, far.tobytes(), near.tobytes(), cover.tobytes(), water)


def _cover(stage: _SkyKeeping) -> tuple[Image.Image, Image.Image]:
    """How far the sky is painted over, and where it is at all.

    What hardly differs from the sky covers it hardly: a glow has no edge, and a hazy ridge may show a little of the sky behind.
    """
    assert stage.sky is not None
    changed = np.abs(stage.picture - stage.sky).max(axis=2)
    soft = Image.fromarray((smooth(0.03, 0.24, changed) * 255).astype(np.uint8))
    hard = Image.fromarray(((changed > 0.05) * 255).astype(np.uint8))
    return soft.filter(ImageFilter.GaussianBlur(max(0.8, stage.unit * 0.002))), hard


def _first_full_row(cover: Image.Image) -> float | None:
    full = (np.asarray(cover) > 200).mean(axis=1) > 0.97
    # From the bottom up: islands in the sky do not count.
    open_rows = np.flatnonzero(~full)
    last = int(open_rows[-1]) + 1 if open_rows.size else 0
    return last / cover.height if 0 < last < cover.height * 0.95 else None
