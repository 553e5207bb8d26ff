"""Mountains and their image in still water."""

from workers.providers.sketch.arrays import mix
from workers.providers.sketch.land import mist, water
from workers.providers.sketch.scenes.mountains import paint_ranges
from workers.providers.sketch.scenes.shore import paint_shore
from workers.providers.sketch.stage import Stage


def paint_lake(stage: Stage) -> None:
    shore = stage.height * stage.dice.child("lake").between(0.56, 0.62)
    paint_ranges(stage, horizon=shore * 0.99, layers=3)
    water(stage, shore, calm=0.8, tint=mix(stage.palette.sky[0], stage.palette.near, 0.25))
    mist(stage, shore, stage.height * 0.05, 0.7, "lake-mist")
    bank = paint_shore(stage)
    afloat = (stage.width * stage.dice.child("lake").between(0.35, 0.65), shore + stage.height * 0.16, stage.unit * 0.16)
    stage.standing = afloat if stage.wishes.subject == "boat" else bank
