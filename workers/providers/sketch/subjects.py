"""Subjects in front of a scene: dark shapes with a rim of light on the sun's side, so that they belong to any palette."""

from collections.abc import Callable, Sequence

import numpy as np

from workers.providers.sketch import outlines
from workers.providers.sketch.arrays import Field, blurred, mix, shifted
from workers.providers.sketch.curves import Point, closed
from workers.providers.sketch.stage import Drawing, Stage


class Figure:
    """Shapes placed on the stage: x right, y up, one unit is the subject's height."""

    def __init__(self, stage: Stage, drawing: Drawing, *, size: float = 1.0) -> None:
        assert stage.standing is not None
        self.x, self.y, tall = stage.standing
        self.tall = tall * size
        self.drawing = drawing
        self.flip = 1 if stage.dice.child("subject").chance(0.5) else -1

    def at(self, point: Point) -> Point:
        return (self.x + point[0] * self.tall * self.flip, self.y - point[1] * self.tall)

    def curve(self, points: Sequence[Point], value: int = 255) -> None:
        self.drawing.polygon([self.at(point) for point in closed(points)], value)

    def corners(self, points: Sequence[Point], value: int = 255) -> None:
        self.drawing.polygon([self.at(point) for point in points], value)

    def stroke(self, points: Sequence[Point], width: float) -> None:
        self.drawing.line([self.at(point) for point in points], width * self.tall)

    def spot(self, point: Point, radius: float, value: int = 255, *, flat: float = 1.0) -> None:
        x, y = self.at(point)
        self.drawing.ellipse(x, y, radius * self.tall, radius * self.tall * flat, value)


def paint_subject(stage: Stage) -> None:
    """The subject of the wishes, if it has one and the scene left a place."""
    if stage.wishes.subject is None or (stage.standing is None and stage.wishes.subject != "birds"):
        return
    _SUBJECTS[stage.wishes.subject](stage)


def _dark(stage: Stage, draw: Callable[[Figure], None], *, size: float = 1.0, rim: float = 0.9, depth: float = 1.0) -> Figure:
    """Fill the shape with the near colour and light its edge from the sun's side."""
    drawing = stage.drawing()
    figure = Figure(stage, drawing, size=size)
    draw(figure)
    mask = drawing.mask()
    # Light mist behind the shape, or it would drown in a dark wood.
    stage.glow(mix(stage.palette.sky[-1], stage.palette.light, 0.25), (figure.x, figure.y - figure.tall * 0.55), figure.tall * 0.62, 0.5)
    stage.paint(stage.distant(depth), mask)
    edge = max(1, round(figure.tall * 0.012))
    side = 1 if stage.sun[0] > figure.x else -1
    inner = shifted(mask, -side * edge, edge)
    light = mix(stage.palette.light, stage.palette.accents[1], 0.45 if stage.palette.dark else 0.1)
    stage.shine(light, np.clip(mask - inner, 0, 1) * mask * np.float32(rim))
    soft = blurred(np.ascontiguousarray(np.clip(mask - inner, 0, 1)), figure.tall * 0.02)
    stage.shine(light, np.clip(soft, 0, 1) * mask * np.float32(rim * 0.45))
    return figure


def _lights(stage: Stage, figure: Figure, points: Sequence[Point], radius: float, index: int = 0) -> None:
    color = stage.palette.accents[index % len(stage.palette.accents)]
    for point in points:
        stage.glow(color, figure.at(point), figure.tall * radius * 3, 0.5)
        stage.glow(mix(color, stage.palette.light, 0.6), figure.at(point), figure.tall * radius, 1.0)


def _shadow(stage: Stage, figure: Figure, width: float) -> None:
    if stage.style == "minimal":
        return
    across = ((stage.x - figure.x) / np.float32(figure.tall * width)) ** 2
    cover: Field = np.exp(-across - ((stage.y - figure.y) / np.float32(figure.tall * 0.035)) ** 2)
    stage.shade(cover.astype(np.float32) * np.float32(0.4))


def _balloon(stage: Stage) -> None:
    dice = stage.dice.child("balloons")
    for index in range(dice.whole(2, 3)):
        size = stage.unit * (0.16 if index == 0 else dice.between(0.05, 0.09))
        stage.standing = (stage.width * dice.between(0.18, 0.82), stage.height * dice.between(0.3, 0.5), size)
        _one_balloon(stage, index)


def _one_balloon(stage: Stage, index: int) -> None:
    envelope, basket = stage.drawing(), stage.drawing()
    figure = Figure(stage, envelope)
    figure.curve([(0, 1.0), (0.32, 0.9), (0.41, 0.66), (0.3, 0.42), (0.1, 0.2), (-0.1, 0.2), (-0.3, 0.42), (-0.41, 0.66), (-0.32, 0.9)])
    figure.drawing = basket
    figure.corners([(-0.06, 0.0), (0.06, 0.0), (0.07, 0.09), (-0.07, 0.09)])
    figure.stroke([(-0.06, 0.09), (-0.09, 0.22)], 0.008)
    figure.stroke([(0.06, 0.09), (0.09, 0.22)], 0.008)
    mask = envelope.mask()
    across = (stage.x - figure.x) / np.float32(figure.tall * 0.41)
    gores = np.sin(np.arcsin(np.clip(across, -1, 1)) * 9) > 0
    first = stage.palette.accents[index % len(stage.palette.accents)]
    second = mix(stage.palette.light, stage.palette.accents[index - 1], 0.25)
    stage.paint(first, mask)
    stage.paint(second, mask * gores)
    side = 1 if stage.sun[0] > figure.x else -1
    stage.shade(mask * np.clip(-across * side * 0.6 + 0.1, 0, 0.55).astype(np.float32))
    stage.paint(stage.palette.near, basket.mask())


def _birds(stage: Stage) -> None:
    dice = stage.dice.child("birds")
    drawing = stage.drawing()
    middle = (stage.width * dice.between(0.3, 0.7), stage.height * dice.between(0.2, 0.36))
    for _ in range(dice.whole(9, 17)):
        size = stage.unit * dice.between(0.010, 0.030)
        x, y = middle[0] + stage.unit * dice.between(-0.28, 0.28), middle[1] + stage.unit * dice.between(-0.12, 0.12)
        tilt, lift = dice.between(-0.3, 0.3), dice.between(0.4, 1.5)
        drawing.polygon([(x + px * size, y - (py * lift + px * tilt) * size) for px, py in closed(outlines.BIRD)])
    stage.paint(mix(stage.palette.near, stage.palette.far, 0.12), drawing.mask())


def _boat(stage: Stage) -> None:
    def hull(figure: Figure) -> None:
        figure.curve(outlines.HULL)
        figure.stroke([(0.0, 0.08), (0.0, 1.03)], 0.014)

    sails = stage.drawing()
    figure = Figure(stage, sails)
    figure.curve(outlines.MAINSAIL)
    figure.curve(outlines.JIB, 225)
    mask = sails.mask()
    across = np.clip((stage.x - figure.x) / np.float32(figure.tall * 0.4) * 0.5 + 0.5, 0, 1)
    white = mix(stage.palette.light, stage.palette.accents[0], 0.12)
    stage.paint(white, mask)
    stage.shade(mask * (0.34 * (across if stage.sun[0] < figure.x else 1 - across)).astype(np.float32))
    figure = _dark(stage, hull, rim=0.5)
    for row in range(9):
        wide = figure.tall * (0.4 - 0.03 * row)
        y = figure.y + figure.tall * (0.03 + row * 0.055)
        streak = np.exp(-(((stage.x - figure.x) / np.float32(wide)) ** 2) - ((stage.y - y) / np.float32(figure.tall * 0.012)) ** 2)
        stage.paint(white if row > 2 else stage.palette.near, (streak * (0.55 - 0.05 * row)).astype(np.float32))


def _castle(stage: Stage) -> None:
    def draw(figure: Figure) -> None:
        for x, top, half in ((-0.42, 0.55, 0.09), (0.42, 0.5, 0.09), (-0.2, 0.72, 0.08), (0.22, 0.68, 0.075), (0.0, 0.95, 0.1)):
            figure.corners([(x - half, -0.1), (x - half, top), (x + half, top), (x + half, -0.1)])
            figure.corners([(x - half * 1.25, top), (x, top + half * 3.4), (x + half * 1.25, top)])
            figure.stroke([(x, top + half * 3.2), (x, top + half * 4.4)], 0.01)
        figure.corners([(-0.45, -0.1), (-0.45, 0.36), (0.45, 0.36), (0.45, -0.1)])
        for step in range(10):
            figure.corners([(-0.44 + step * 0.09, 0.35), (-0.44 + step * 0.09, 0.4), (-0.4 + step * 0.09, 0.4), (-0.4 + step * 0.09, 0.35)])

    figure = _dark(stage, draw, size=1.35, depth=0.86)
    _lights(stage, figure, [(-0.2, 0.5), (0.22, 0.46), (0.0, 0.72), (0.0, 0.5), (-0.42, 0.3), (0.42, 0.28)], 0.012)


def _cat(stage: Stage) -> None:
    _shadow(stage, _dark(stage, lambda figure: figure.curve(outlines.CAT), size=1.25), 0.42)


def _deer(stage: Stage) -> None:
    def draw(figure: Figure) -> None:
        figure.curve(outlines.DEER)
        for lean in (-1.0, 0.35):
            root = (-0.22, 0.85)
            tip = (-0.22 + 0.13 * lean, 1.16)
            middle = (-0.22 + 0.17 * lean, 1.0)
            figure.stroke([root, middle, tip], 0.017)
            figure.stroke([middle, (middle[0] - 0.09, 1.1)], 0.013)
            figure.stroke([(root[0] + 0.05 * lean, 0.91), (root[0] - 0.09 + 0.05 * lean, 0.99)], 0.012)

    _shadow(stage, _dark(stage, draw), 0.36)


def _dog(stage: Stage) -> None:
    _shadow(stage, _dark(stage, lambda figure: figure.curve(outlines.DOG), size=0.92), 0.42)


def _house(stage: Stage) -> None:
    def draw(figure: Figure) -> None:
        figure.corners([(-0.42, -0.12), (-0.42, 0.42), (0.42, 0.42), (0.42, -0.12)])
        figure.corners([(-0.52, 0.4), (-0.34, 0.76), (0.34, 0.76), (0.52, 0.4)])
        figure.corners([(0.14, 0.7), (0.14, 0.92), (0.25, 0.92), (0.25, 0.7)])

    figure = _dark(stage, draw, size=0.72, depth=0.9)
    panes = stage.drawing()
    figure.drawing = panes
    for x in (-0.24, 0.22):
        figure.corners([(x - 0.09, 0.12), (x - 0.09, 0.3), (x + 0.09, 0.3), (x + 0.09, 0.12)])
    _lights(stage, figure, [(-0.24, 0.2), (0.22, 0.2)], 0.1)
    stage.paint(mix(stage.palette.light, stage.palette.accents[0], 0.35), panes.mask())


def _lighthouse(stage: Stage) -> None:
    def draw(figure: Figure) -> None:
        figure.curve([(-0.75, -0.2), (-0.5, 0.02), (-0.2, 0.1), (0.15, 0.09), (0.5, 0.0), (0.8, -0.2), (0.8, -0.2), (-0.75, -0.2)])

    figure = _dark(stage, draw, size=1.25, rim=0.4)
    lamp = figure.at((0.0, 0.96))
    beam = np.abs(np.arctan2(stage.y - lamp[1] + 1, (stage.x - lamp[0]) * np.where(stage.sun[0] > lamp[0], -1, 1)))
    reach = np.exp(-np.hypot(stage.x - lamp[0], stage.y - lamp[1]) / np.float32(stage.unit * 0.55))
    stage.shine(stage.palette.light, (np.exp(-((beam / 0.1) ** 2)) * reach * 0.8).astype(np.float32))
    tower = stage.drawing()
    figure.drawing = tower
    figure.corners([(-0.11, 0.05), (-0.07, 0.86), (0.07, 0.86), (0.11, 0.05)])
    mask = tower.mask()
    bands = np.mod((figure.y - stage.y) / np.float32(figure.tall) * 4.3, 1) < 0.5
    stage.paint(mix(stage.palette.light, stage.palette.far, 0.15), mask)
    stage.paint(mix(stage.palette.accents[1], stage.palette.near, 0.15), mask * bands)
    away = (stage.x - figure.x) / np.float32(figure.tall * 0.2) * (-1 if stage.sun[0] > figure.x else 1)
    stage.shade(mask * np.clip(away + 0.3, 0, 0.6).astype(np.float32))
    top = stage.drawing()
    figure.drawing = top
    figure.corners([(-0.1, 0.85), (-0.1, 0.88), (0.1, 0.88), (0.1, 0.85)])
    figure.corners([(-0.085, 1.02), (0.0, 1.13), (0.085, 1.02)])
    for x in (-0.065, 0.065):
        figure.stroke([(x, 0.87), (x, 1.03)], 0.012)
    stage.paint(stage.palette.near, top.mask())
    stage.glow(stage.palette.light, lamp, figure.tall * 0.09, 1.0)


def _person(stage: Stage) -> None:
    _shadow(stage, _dark(stage, lambda figure: figure.curve(outlines.PERSON), size=0.95), 0.3)


def _robot(stage: Stage) -> None:
    def draw(figure: Figure) -> None:
        figure.corners([(-0.17, 0.68), (-0.19, 0.94), (0.19, 0.94), (0.17, 0.68)])
        figure.stroke([(0, 0.94), (0, 1.06)], 0.014)
        figure.spot((0, 1.07), 0.024)
        figure.corners([(-0.05, 0.62), (-0.05, 0.7), (0.05, 0.7), (0.05, 0.62)])
        figure.corners([(-0.21, 0.28), (-0.26, 0.64), (0.26, 0.64), (0.21, 0.28)])
        for side in (-1, 1):
            figure.spot((side * 0.28, 0.6), 0.06)
            figure.stroke([(side * 0.3, 0.58), (side * 0.35, 0.42), (side * 0.3, 0.27)], 0.055)
            figure.spot((side * 0.3, 0.25), 0.045)
            figure.stroke([(side * 0.11, 0.3), (side * 0.12, 0.04)], 0.085)
            figure.corners([(side * 0.03, 0.0), (side * 0.05, 0.06), (side * 0.19, 0.06), (side * 0.22, 0.0)])

    figure = _dark(stage, draw, size=0.95)
    _lights(stage, figure, [(-0.08, 0.82), (0.08, 0.82)], 0.026, 1)
    _lights(stage, figure, [(0.0, 0.5), (0.0, 1.07)], 0.02, 0)
    _shadow(stage, figure, 0.3)


def _rocket(stage: Stage) -> None:
    assert stage.standing is not None
    x, y, tall = stage.standing
    stage.standing = (x, min(y, stage.height * 0.74), tall)
    flame = stage.drawing()
    figure = Figure(stage, flame)
    figure.curve([(-0.06, 0.18), (-0.1, 0.02), (0.0, -0.42), (0.0, -0.42), (0.1, 0.02), (0.06, 0.18)])
    mask = flame.mask()
    stage.glow(stage.palette.accents[0], figure.at((0, -0.05)), figure.tall * 0.3, 0.8)
    stage.shine(stage.palette.light, mask * np.float32(0.95))
    figure = _dark(stage, lambda figure: figure.curve(outlines.ROCKET))
    _lights(stage, figure, [(0.0, 0.64)], 0.045, 1)


_SUBJECTS: dict[str, Callable[[Stage], None]] = {
    "balloon": _balloon,
    "birds": _birds,
    "boat": _boat,
    "castle": _castle,
    "cat": _cat,
    "deer": _deer,
    "dog": _dog,
    "house": _house,
    "lighthouse": _lighthouse,
    "person": _person,
    "robot": _robot,
    "rocket": _rocket,
}
