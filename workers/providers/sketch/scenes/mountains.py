"""Ridge behind ridge, mist in the valleys, firs at the front."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.land import layer, mist, mountain_layer, tree_line
from workers.providers.sketch.sky import paint_sky
from workers.providers.sketch.stage import Stage


def paint_mountains(stage: Stage) -> None:
    paint_ranges(stage, horizon=stage.height * 0.66)
    front(stage, stage.height * 0.86)


def paint_ranges(stage: Stage, *, horizon: float, layers: int = 4) -> None:
    """Sky and mountains down to the row *horizon*."""
    dice = stage.dice.child("mountains")
    paint_sky(stage, horizon * 1.02)
    snow = 0.9 if "snow" in stage.wishes.weather or stage.style == "winter" else dice.between(0.25, 0.6)
    aspect = stage.width / stage.unit
    for index in range(layers):
        depth = index / max(1, layers - 1)
        part = dice.child(f"ridge-{index}")
        tall = stage.height * (0.46 - 0.26 * depth) * part.between(0.85, 1.1)
        crest = noise.stretched(noise.line(part, stage.width, cells=(1.4 + depth * 1.6) * aspect, octaves=7, gain=0.46, sharp=0.55))
        edge = (horizon + stage.height * 0.1 * depth - tall * (0.15 + 0.85 * crest)).astype(np.float32)
        mountain_layer(stage, part, edge, 0.1 + depth * 0.62, snow=snow * (1 - depth) if depth < 0.7 else 0)
        mist(stage, horizon + stage.height * 0.1 * depth, stage.height * 0.09, 0.55 - 0.2 * depth, f"mist-{index}")


def front(stage: Stage, row: float) -> None:
    """Two rows of firs before the picture; the nearer one almost black."""
    dice = stage.dice.child("front")
    lean = 1 if dice.chance(0.5) else -1
    slope = (np.linspace(-1, 1, stage.width, dtype=np.float32) * lean) * stage.height * 0.045
    for index, (depth, tall) in enumerate(((0.78, 0.10), (1.0, 0.17))):
        part = dice.child(f"row-{index}")
        base = (
            row + slope * (1 + index) + index * stage.height * 0.07 + (noise.line(part, stage.width, cells=3) - 0.5) * stage.height * 0.05
        )
        edge = tree_line(stage, part, base.astype(np.float32), height=tall * stage.unit, spacing=stage.unit * 0.024)
        color = stage.distant(depth)
        layer(stage, edge, color, stage.distant(min(1.0, depth + 0.15)), depth_px=stage.unit * 0.2)
    stand(stage, base.astype(np.float32), dice.between(0.3, 0.7))


def stand(stage: Stage, ground: np.ndarray, place: float, size: float = 0.2) -> None:
    """A subject may stand on the line *ground*, at *place* of its width, *size* of the shorter side tall."""
    x = stage.width * place
    stage.standing = (x, float(ground[min(int(x), stage.width - 1)]), stage.unit * size)
