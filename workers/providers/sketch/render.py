"""From a request to a file. Pure: the same arguments give the same bytes, in every process and on every supported Python."""

import json

from PIL import Image

from workers.providers.sketch.dice import Dice
from workers.providers.sketch.encode import encode
from workers.providers.sketch.finish import finish, paint_floor
from workers.providers.sketch.palettes import STYLES, TIMES, Palette
from workers.providers.sketch.scenes import SCENES
from workers.providers.sketch.stage import Stage
from workers.providers.sketch.subjects import paint_subject
from workers.providers.sketch.words import Wishes, read

#: Small pictures are painted at this size and shrunk: scenes need room for their details.
SIDE_MIN = 320
#: But never bigger than this for it: a ribbon of 64 x 2048 is painted as it is.
SIDE_MAX = 1024
#: Where a style feels at home when the prompt names no place.
HOMES: dict[str, tuple[str, ...]] = {
    "abstract": ("abstract",),
    "autumn": ("forest", "hills", "lake"),
    "cyberpunk": ("city",),
    "dream": ("lake", "space", "hills"),
    "forest": ("forest",),
    "ink": ("mountains", "lake"),
    "midnight": ("mountains", "lake", "sea"),
    "neon": ("city",),
    "noir": ("city",),
    "ocean": ("sea",),
    "sunset": ("sea", "desert", "hills"),
    "vaporwave": ("mountains", "city"),
    "winter": ("mountains", "forest", "lake"),
}
SUBJECT_HOMES: dict[str, tuple[str, ...]] = {
    "balloon": ("hills", "mountains"),
    "birds": ("sea", "mountains"),
    "boat": ("sea", "lake"),
    "castle": ("hills", "mountains"),
    "cat": ("hills", "city"),
    "deer": ("forest", "mountains"),
    "dog": ("hills", "mountains"),
    "house": ("hills", "mountains"),
    "lighthouse": ("sea",),
    "person": ("mountains", "hills"),
    "robot": ("city", "desert"),
    "rocket": ("space", "desert"),
}
ANYWHERE = ("city", "desert", "flower", "forest", "hills", "lake", "mountains", "sea", "space")


def render(
    prompt: str, negative_prompt: str | None, style: str | None, seed: int | None, width: int, height: int, index: int, format: str
) -> bytes:
    """Picture number *index* of the request as a file of *format* (png, jpeg, webp).

    Without a seed the picture follows from the words alone. An unknown style is read like one more word of the prompt.
    """
    wishes = read(f"{style or ''} {prompt}", negative_prompt)
    name = style if style in STYLES else wishes.style
    dice = Dice(json.dumps(["sketch-1", " ".join(prompt.split()), negative_prompt or "", style or "", seed, index], ensure_ascii=True))
    scale = max(1.0, min(SIDE_MIN / min(width, height), SIDE_MAX / max(width, height)))
    stage = Stage(
        round(width * scale),
        round(height * scale),
        palette=palette_for(name, wishes, dice),
        dice=dice,
        wishes=wishes,
        style=name or "photo",
    )
    SCENES[scene_for(name, wishes, dice.child("scene"))](stage)
    paint_floor(stage)
    paint_subject(stage)
    image = finish(stage)
    return encode(image if scale == 1 else image.resize((width, height), Image.Resampling.LANCZOS), format)


def palette_for(style: str | None, wishes: Wishes, dice: Dice) -> Palette:
    """The style's colours; without one those of a time of day."""
    if style is not None:
        return dice.child("palette").one(STYLES[style])
    return TIMES[wishes.time or dice.child("palette").one(("dawn", "day", "dusk", "golden", "golden", "night"))]


def scene_for(style: str | None, wishes: Wishes, dice: Dice) -> str:
    """A place that the prompt names; else where its subject lives; else where the style is at home; else anywhere."""
    if wishes.scene is not None:
        return wishes.scene
    if wishes.subject is not None:
        homes = SUBJECT_HOMES[wishes.subject]
        own = [home for home in HOMES.get(style or "", ()) if home != "abstract"]
        return dice.one(own if own and wishes.subject not in ("boat", "lighthouse") else homes)
    return dice.one(HOMES.get(style or "", ANYWHERE))
