"""Where the camera looks, as a part of the painting: every value moves smoothly from the first frame to the last."""

from math import cos, exp, pi, sin

from workers.providers.clip.motifs import strikes
from workers.providers.clip.plan import Plan

Box = tuple[float, float, float, float]
#: Move -> middle (x, y) and zoom at the beginning and at the end. The painting is 1.16 times as big as a frame.
PATHS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "fall": ((0.5, 0.46, 1.18), (0.5, 0.54, 1.18)),
    "pan_left": ((0.54, 0.5, 1.17), (0.46, 0.5, 1.2)),
    "pan_right": ((0.46, 0.5, 1.17), (0.54, 0.5, 1.2)),
    "rise": ((0.5, 0.54, 1.18), (0.5, 0.46, 1.18)),
    "still": ((0.5, 0.5, 1.1), (0.5, 0.5, 1.1)),
    "zoom_in": ((0.5, 0.5, 1.06), (0.5, 0.51, 1.32)),
    "zoom_out": ((0.5, 0.51, 1.32), (0.5, 0.5, 1.06)),
}
#: How much of the camera's move is seen of what is far away.
FAR = 0.35


def boxes(plan: Plan, second: float, width: int, height: int, *, given: bool) -> tuple[Box, Box]:
    """The near and the far part of a painting of *width* x *height*, at a moment of the clip."""
    t = second / plan.seconds
    eased = t * t * (3 - 2 * t)
    start, end = PATHS[plan.move]
    if given:
        # It begins with the whole picture and ends where the move ends.
        start = (0.5, 0.5, 1.0)
    x, y, zoom = (a + (b - a) * eased for a, b in zip(start, end, strict=True))
    breath = 1 if plan.move == "still" or given else 1 + 0.004 * sin(2 * pi * second / 6)
    zoom *= breath * (1 + 0.02 * _beat(plan, second))
    far_zoom = max(1.05, 1 + (zoom - 1) * 0.6)
    drift = 0.016 * cos(pi * t)
    far = (0.5 + (x - 0.5) * FAR + drift, 0.5 + (y - 0.5) * FAR)
    return _box(x, y, zoom, width, height), _box(*far, far_zoom, width, height)


def _beat(plan: Plan, second: float) -> float:
    """The picture beats with the heart."""
    if "heartbeat" not in plan.sounds:
        return 0.0
    since = [second - at for at in strikes("heartbeat", plan.dice("sound"), plan.seconds) if 0 <= second - at < 0.8]
    return max((exp(-9 * each) + 0.6 * (exp(-9 * (each - 0.28)) if each > 0.28 else 0) for each in since), default=0.0)


def _box(x: float, y: float, zoom: float, width: int, height: int) -> Box:
    """Never beyond the painting."""
    wide, high = width / zoom, height / zoom
    left = min(max(x * width - wide / 2, 0.0), width - wide)
    top = min(max(y * height - high / 2, 0.0), height - high)
    return left, top, min(left + wide, float(width)), min(top + high, float(height))
