"""Scenes by their names: each paints a whole picture on a stage and says where a subject may stand."""

from collections.abc import Callable

from workers.providers.sketch.scenes.abstract import paint_abstract
from workers.providers.sketch.scenes.city import paint_city
from workers.providers.sketch.scenes.desert import paint_desert
from workers.providers.sketch.scenes.flower import paint_flower
from workers.providers.sketch.scenes.forest import paint_forest
from workers.providers.sketch.scenes.hills import paint_hills
from workers.providers.sketch.scenes.lake import paint_lake
from workers.providers.sketch.scenes.mountains import paint_mountains
from workers.providers.sketch.scenes.portrait import paint_portrait
from workers.providers.sketch.scenes.sea import paint_sea
from workers.providers.sketch.scenes.space import paint_space
from workers.providers.sketch.stage import Stage

SCENES: dict[str, Callable[[Stage], None]] = {
    "abstract": paint_abstract,
    "city": paint_city,
    "desert": paint_desert,
    "flower": paint_flower,
    "forest": paint_forest,
    "hills": paint_hills,
    "lake": paint_lake,
    "mountains": paint_mountains,
    "portrait": paint_portrait,
    "sea": paint_sea,
    "space": paint_space,
}
