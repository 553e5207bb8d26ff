"""Smooth outlines through a few points (closed Catmull-Rom splines)."""

from collections.abc import Sequence

Point = tuple[float, float]
STEPS = 10


def closed(points: Sequence[Point]) -> list[Point]:
    """A closed curve through all *points*. A point given twice makes a corner."""
    count = len(points)
    return [
        _between(points[i - 1], points[i], points[(i + 1) % count], points[(i + 2) % count], step / STEPS)
        for i in range(count)
        for step in range(STEPS)
    ]


def _between(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    x, y = (
        0.5 * (2 * b[i] + (c[i] - a[i]) * t + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t * t + (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t**3)
        for i in range(2)
    )
    return (x, y)
