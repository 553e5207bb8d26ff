"""One frame at a time: the layers as the camera sees them, water that moves, light that goes, and what falls or flies before it."""

from collections.abc import Iterator
from math import exp, sin

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from workers.providers.clip.camera import Box, boxes
from workers.providers.clip.layers import Layers
from workers.providers.clip.motifs import strikes
from workers.providers.clip.plan import FRAMES_PER_SECOND, LIGHTS, Plan


def frames(plan: Plan, layers: Layers, start: int, count: int) -> Iterator[Image.Image]:
    """*count* frames from number *start*; only one is held at a time."""
    far, near, cover = layers.images()
    flashes = strikes("thunder", plan.dice("sound"), plan.seconds) if "thunder" in plan.sounds else []
    for number in range(start, min(start + count, plan.frames)):
        second = number / FRAMES_PER_SECOND
        near_box, far_box = boxes(plan, second, layers.width, layers.height, given=layers.given)
        if near is None or cover is None:
            frame = _seen(far, near_box, plan)
        else:
            frame = Image.composite(_seen(near, near_box, plan), _seen(far, far_box, plan), _seen(cover, near_box, plan))
            if layers.water is not None:
                frame = _rippled(frame, (layers.water * layers.height - near_box[1]) / (near_box[3] - near_box[1]), second)
        frame = _lit(frame, plan, second, flashes)
        yield _before(frame, plan, second)


def _seen(layer: Image.Image, box: Box, plan: Plan) -> Image.Image:
    return layer.resize((plan.width, plan.height), Image.Resampling.BILINEAR, box=box)


def _rippled(frame: Image.Image, horizon: float, second: float) -> Image.Image:
    """Rows of the water show their neighbours in turn; nearer waves are longer and higher."""
    height = frame.height
    top = round(horizon * height)
    if top >= height - 8:
        return frame
    rows = np.arange(max(top, 0), height, dtype=np.float32)
    depth = (rows - top + 1) / (height - top)
    swing = height * 0.011 * depth**1.2
    source = rows + swing * np.sin(60 * np.sqrt(depth) - 3.2 * second) + swing * 0.5 * np.sin(23 * np.sqrt(depth) - 1.9 * second + 1)
    pixels = np.asarray(frame)
    index = np.concatenate([np.arange(max(top, 0)), np.clip(np.rint(source), max(top, 0), height - 1)]).astype(np.intp)
    return Image.fromarray(pixels[index])


def _lit(frame: Image.Image, plan: Plan, second: float, flashes: list[float]) -> Image.Image:
    """The time of day, and lightning with its afterglow."""
    stops = LIGHTS[plan.light]
    place = second / plan.seconds * (len(stops) - 1)
    index = min(int(place), len(stops) - 2)
    gains = [a + (b - a) * (place - index) for a, b in zip(stops[index], stops[index + 1], strict=True)]
    flash = sum(exp(-7 * (second - at)) * (0.7 + 0.3 * sin(40 * (second - at))) for at in flashes if 0 <= second - at < 0.8)
    if "fire" in plan.sounds:
        gains[0] *= 1 + 0.02 * sin(second * 23) + 0.015 * sin(second * 37)
    table = [min(255, round(value * gain * (1 + 0.9 * flash) + 45 * flash)) for gain in gains for value in range(256)]
    return frame.point(table)


def _before(frame: Image.Image, plan: Plan, second: float) -> Image.Image:
    if "rain" in plan.weather:
        frame = _rain(frame, plan, second)
    if "snow" in plan.weather:
        frame = _snow(frame, plan, second)
    if "birds" in plan.sounds:
        frame = _birds(frame, plan, second)
    return frame


def _rain(frame: Image.Image, plan: Plan, second: float) -> Image.Image:
    """Streaks in three depths; each falls on its own way again and again."""
    unit = min(frame.size)
    mask = Image.new("L", frame.size, 0)
    draw = ImageDraw.Draw(mask)
    for x, y, depth, speed in plan.dice("rain").many(200, 4).tolist():
        near = 0.4 + 0.6 * depth
        fall = (y + second * (1.5 + 0.5 * speed) * near) % 1.15 - 0.1
        left, top, long = ((x + fall * 0.06) % 1) * frame.width, fall * frame.height, unit * 0.055 * near
        draw.line((left, top, left + long * 0.12, top + long), fill=round(40 + 70 * near), width=max(1, round(unit * 0.0022 * near)))
    return ImageChops.add(frame, Image.merge("RGB", (mask, mask, mask)))


def _snow(frame: Image.Image, plan: Plan, second: float) -> Image.Image:
    unit = min(frame.size)
    mask = Image.new("L", frame.size, 0)
    draw = ImageDraw.Draw(mask)
    for x, y, depth, sway in plan.dice("snow").many(240, 4).tolist():
        near = depth**2
        fall = (y + second * (0.05 + 0.13 * near)) % 1.06 - 0.03
        left = (x + 0.012 * sin(second * (0.8 + sway) + 6.28 * sway)) % 1 * frame.width
        size = unit * (0.0015 + 0.0065 * near)
        draw.ellipse((left - size, fall * frame.height - size, left + size, fall * frame.height + size), fill=round(235 - 90 * near))
    mask = mask.filter(ImageFilter.GaussianBlur(unit * 0.0012))
    return Image.composite(Image.new("RGB", frame.size, (250, 252, 255)), frame, mask)


def _birds(frame: Image.Image, plan: Plan, second: float) -> Image.Image:
    """A small flock crosses the upper half, each bird beating its wings in its own time."""
    unit = min(frame.size)
    draw = ImageDraw.Draw(frame)
    for x, y, size, pace in plan.dice("birds").many(7, 4).tolist():
        wing = unit * (0.008 + 0.012 * size)
        at = ((x * 0.5 - 0.15 + second / plan.seconds * (0.9 + 0.25 * pace)) * frame.width, (0.12 + 0.26 * y) * frame.height)
        at = (at[0], at[1] + unit * 0.012 * sin(second * 1.3 + 6 * y))
        lift = wing * 0.55 * sin(second * (9 + 4 * pace) + 6 * x)
        points = [(at[0] - wing, at[1] - lift), (at[0], at[1]), (at[0] + wing, at[1] - lift)]
        draw.line(points, fill=(26, 26, 32), width=max(1, round(unit * 0.003)), joint="curve")
    return frame
