"""The near bank: reeds and grass, dark against the water, at one side of the picture."""

import numpy as np

from workers.providers.sketch import noise
from workers.providers.sketch.land import layer
from workers.providers.sketch.stage import Stage


def paint_shore(stage: Stage) -> tuple[float, float, float]:
    """Where a subject may stand on it: x, y and height, as `Stage.standing`."""
    dice = stage.dice.child("shore")
    lean = 1 if dice.chance(0.5) else -1
    across = np.linspace(0, 1, stage.width, dtype=np.float32)[::lean]
    bank = stage.height * (0.93 + 0.16 * across**1.5) + (noise.line(dice, stage.width, cells=4) - 0.5) * stage.height * 0.03
    layer(stage, bank.astype(np.float32), stage.distant(0.95), stage.distant(1.0), depth_px=stage.unit * 0.1)
    drawing = stage.drawing()
    for _ in range(70):
        x = stage.width * (dice.between(0, 1) ** 1.6 * 0.75)
        x = x if lean == 1 else stage.width - x
        foot = float(bank[min(int(x), stage.width - 1)]) + 4
        tall, bend = stage.unit * dice.between(0.05, 0.17), stage.unit * dice.between(-0.05, 0.05)
        drawing.line([(x, foot), (x + bend * 0.25, foot - tall * 0.6), (x + bend, foot - tall)], stage.unit * 0.0022)
        if dice.chance(0.35):
            drawing.ellipse(x + bend, foot - tall, stage.unit * 0.0042, stage.unit * 0.016)
    stage.paint(stage.distant(1.0), drawing.mask())
    x = stage.width * (0.24 if lean == 1 else 0.76)
    return (x, float(bank[int(x)]) + stage.height * 0.02, stage.unit * 0.3)
