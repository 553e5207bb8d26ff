"""Measured facts as plain sentences: a description, or the answer to a question."""

import re
from collections.abc import Callable, Sequence
from typing import Any

Facts = dict[str, Any]
LIMITS = "This model measures and does not recognise: what the picture shows or means is not known to it."
#: Questions whose answer would need to recognise something.
RECOGNISE = re.compile(
    r"\b(who|whom|whose|why|what (?:is|are|'s) (?:this|that|these|happening|in|on|going)|what do(?:es)? (?:this|it|the)|describe the scene"
    r"|person|people|man|woman|child|face|animal|cat|dog|bird|car|brand|logo|read|text|word|say|written|emotion|mood|feeling|place|city)\b",
    re.IGNORECASE,
)
PLACE = re.compile(
    r"\b(gps|latitude|longitude|coordinates?|location|geo\w*|where (?:was|were|is|are)\b.*\b(?:taken|shot|made|photographed))\b", re.I
)


def asks_for_place(question: str | None) -> bool:
    return bool(question and PLACE.search(question))


def _size(f: Facts) -> str:
    kind = f["format"].upper() or "picture"
    return f"It is {f['width']} x {f['height']} pixels ({f['aspect_ratio']}, {f['orientation']}, {f['megapixels']} megapixels)" + (
        f", a {kind} file of {f['bytes']:,} bytes" + (f" with {f['frames']} frames." if f["animated"] else ".")
    )


def _colors(f: Facts) -> str:
    if not f["palette"]:
        return "Everything in it is transparent, so there are no colours to measure."
    named: dict[str, float] = {}
    for each in f["palette"]:
        named[each["name"]] = named.get(each["name"], 0) + each["share"]
    shares = [f"{name} ({share:.0%})" for name, share in sorted(named.items(), key=lambda pair: -pair[1])]
    return f"Its main colours are {listed(shares)}; it is {f['saturation_level']} and {f['temperature']} in tone."


def _light(f: Facts) -> str:
    h = f["histogram"]
    return (
        f"It is {f['brightness_level']} (mean {f['brightness']:.2f} of 1) with {f['contrast_level']} contrast ({f['contrast']:.2f}); "
        f"{h['shadows']:.0%} are shadows, {h['midtones']:.0%} midtones and {h['highlights']:.0%} highlights."
    )


def _sharp(f: Facts) -> str:
    return (
        f"It is {f['sharpness_level']} (variance of the Laplacian {f['sharpness']:.5f}) and {f['noise_level']} (noise {f['noise']:.3f}), "
        f"with {f['edges_level']} edges ({f['edges']:.1%} of the area)."
    )


def _shapes(f: Facts) -> str:
    found = f["shapes"]
    if not found["count"]:
        return f"No shape stands out from its {found['background']} background."
    each = [
        f"a {s['color']} {s['shape'] if s['shape'] != 'irregular' else 'irregular shape'} {_where(s)} ({s['share']:.1%})"
        for s in found["largest"]
    ]
    shapes = "shape stands" if found["count"] == 1 else "shapes stand"
    return f"{found['count']} {shapes} out from its {found['background']} background: {listed(each)}."


def _where(shape: Facts) -> str:
    across = "left" if shape["x"] < 0.38 else "right" if shape["x"] > 0.62 else ""
    down = "top" if shape["y"] < 0.38 else "bottom" if shape["y"] > 0.62 else ""
    return f"at the {' '.join(filter(None, (down, across)))}" if across or down else "in the middle"


def _symmetry(f: Facts) -> str:
    s = f["symmetry"]
    words = [("symmetric" if value > 0.85 else "not symmetric") for value in (s["left_right"], s["top_bottom"])]
    return f"It is {words[0]} from left to right ({s['left_right']:.2f}) and {words[1]} from top to bottom ({s['top_bottom']:.2f})."


def _clear(f: Facts) -> str:
    t = f["transparency"]
    if not t["has_alpha"]:
        return "It has no transparency."
    return f"It has an alpha channel, and {t['share']:.0%} of it is transparent."


def _camera(f: Facts) -> str:
    c = f["camera"]
    if c is None:
        return "No camera left its data in it."
    model = " ".join(filter(None, (c["make"], c["model"]))) or "an unnamed device"
    parts = [f"Its camera data name {model}"]
    parts += [f"taken at {c['taken_at']}"] if c["taken_at"] else []
    parts += [f"{c['exposure_seconds']:g} s"] if c["exposure_seconds"] else []
    parts += [f"f/{c['f_number']:g}"] if c["f_number"] else []
    parts += [f"ISO {c['iso']:g}"] if c["iso"] else []
    place = " It also says where it was taken; ask for the location to see it." if c["has_place"] and "latitude" not in c else ""
    return f"{', '.join(parts)}; it was held {c['orientation']}.{place}"


def _place(f: Facts) -> str:
    c = f["camera"] or {}
    if c.get("latitude") is None or c.get("longitude") is None:
        return "It carries no coordinates."
    return f"Its camera data say latitude {c['latitude']}, longitude {c['longitude']}."


#: Sentences by the words of a question that ask for them.
TOPICS: tuple[tuple[re.Pattern[str], Callable[[Facts], str]], ...] = tuple(
    (re.compile(rf"\b(?:{words})", re.IGNORECASE), say)
    for words, say in (
        (
            r"size|dimension|resolution|width|height|wide|tall|pixel|aspect|format|file|bytes|megapixel|orientation|landscape|portrait",
            _size,
        ),
        (r"colou?r|palette|hue|tone|warm|cool|saturat|vivid|grey|gray|black and white|red|green|blue|yellow|orange|pink|purple", _colors),
        (r"bright|dark|light|contrast|expos|histogram|shadow|highlight|luminan", _light),
        (r"sharp|blur|focus|nois|grain|edge|detail|quality|crisp", _sharp),
        (r"shape|object|circle|square|triangle|rectangle|round|how many|count|blob|thing|form|where is|position", _shapes),
        (r"symmetr|mirror", _symmetry),
        (r"transparen|alpha|opaque|background", _clear),
        (r"camera|exif|lens|when|taken|iso|aperture|exposure time|shutter|device|phone", _camera),
        (PLACE.pattern, _place),
    )
)
COMPARING = re.compile(r"\b(compar|differ|same|identical|similar|equal|duplicate|alike|match)", re.IGNORECASE)


def describe(facts: Facts) -> str:
    """Everything that was measured, in sentences."""
    every = [_size, _colors, _light, _sharp, _shapes, *([_clear] if facts["transparency"]["has_alpha"] else [])]
    return " ".join(say(facts) for say in (*every, *([_camera] if facts["camera"] else [])))


def answer(question: str, pictures: Sequence[Facts], comparisons: Sequence[Facts]) -> str:
    """What the facts say about *question*, and what they cannot."""
    says = [say for pattern, say in TOPICS if pattern.search(question)]
    parts: list[str] = []
    if comparisons and (COMPARING.search(question) or not says):
        parts += [compared(number, each) for number, each in enumerate(comparisons, 2)]
    if says or not parts:
        for number, facts in enumerate(pictures, 1):
            head = f"Picture {number}: " if len(pictures) > 1 else ""
            parts.append(head + (" ".join(say(facts) for say in says) or describe(facts)))
    if not question.strip() or (says and not RECOGNISE.search(question)):
        return " ".join(parts)
    return f"{LIMITS} {' '.join(parts)}"


def compared(number: int, facts: Facts) -> str:
    verdict = {"identical": "identical to", "nearly the same": "nearly the same as", "similar": "similar to"}.get(
        facts["verdict"], "different from"
    )
    size = "the same size" if facts["same_size"] else "another size"
    return (
        f"Picture {number} is {verdict} picture 1: the mean difference is {facts['mean_difference']:.1%}, {facts['hash_distance']} of 64 "
        f"bits of its perceptual hash differ, and it has {size}."
    )


def listed(items: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""
