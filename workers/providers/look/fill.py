"""An answer in the shape of a schema, filled from the measured facts by the names and descriptions of its properties."""

import math
import re
from collections.abc import Sequence
from typing import Any

from workers.providers.look.schema import fits, is_a, refused, types_of

#: Where a fact lies, by words of a property's name or description. The first that matches counts.
PATHS: tuple[tuple[str, str], ...] = (
    (r"latitude|\blat\b", "camera.latitude"),
    (r"longitude|\blon\b|\blng\b", "camera.longitude"),
    (r"mega ?pixels?", "megapixels"),
    (r"file size|bytes", "bytes"),
    (r"aspect|ratio", "aspect_ratio"),
    (r"\bwidth", "width"),
    (r"\bheight", "height"),
    (r"mean difference|difference", "comparison.0.mean_difference"),
    (r"hash", "comparison.0.hash_distance"),
    (r"verdict|similar|identical|same", "comparison.0.verdict"),
    (
        r"(number|count|how many|amount|total)\b.*\b(shape|object|item|blob|thing)s?|(shape|object|item|blob)s? (number|count)|^count$",
        "shapes.count",
    ),
    (r"(number|count|how many)\b.*\bcolou?rs?|colou?rs? count", "palette.length"),
    (r"(number|count|how many)\b.*\b(image|picture|input)s?|(image|picture|input)s? count", "pictures.length"),
    (r"background", "shapes.background"),
    (r"\bhex\b", "palette.0.hex"),
    (r"temperature|warm|cool|tone", "temperature"),
    (r"left right|horizontal|symmetr", "symmetry.left_right"),
    (r"top bottom", "symmetry.top_bottom"),
    (r"dark|bright|luminan|exposed|light(?!house)", "brightness"),
    (r"contrast", "contrast"),
    (r"satur|vivid|colou?rful|gr[ae]y ?scale|monochrome|black and white", "saturation"),
    (r"sharp|blur|focus|crisp", "sharpness_score"),
    (r"nois|grain|clean", "noise"),
    (r"edge|detail|complex|busy", "edges"),
    (r"transparen|alpha|opaque", "transparency.share"),
    (r"shadow", "histogram.shadows"),
    (r"midtone", "histogram.midtones"),
    (r"highlight", "histogram.highlights"),
    (r"round", "shapes.largest.0.roundness"),
    (r"\b(shape|object|form)\b", "shapes.largest.0.shape"),
    (r"animated", "animated"),
    (r"frames?", "frames"),
    (r"orientation|layout|landscape|portrait|\bsquare", "orientation"),
    (r"colou?rs?\b|\bhue", "palette.0.name"),
    (r"camera make|manufacturer|\bmake\b", "camera.make"),
    (r"camera|model|device", "camera.model"),
    (r"taken|\bdate|\btime", "camera.taken_at"),
    (r"\biso\b", "camera.iso"),
    (r"aperture|f number", "camera.f_number"),
    (r"exposure|shutter", "camera.exposure_seconds"),
    (r"format|mime|file type|content type", "format"),
    (r"dimension|resolution|\bsize", "size"),
    (r"summary|description|caption|alt text|explanation|analysis|answer", "text"),
)
LISTS: tuple[tuple[str, str], ...] = (
    (r"colou?rs?|palette|hues?", "palette"),
    (r"shapes?|objects?|items?|blobs?|forms?", "shapes.largest"),
    (r"pictures?|images?|photos?|inputs?", "pictures"),
    (r"compar|difference", "comparison"),
)
#: What a yes or no asks of a fact: words of the name, and the level from which on it is "yes".
YES: tuple[tuple[str, str, float, bool], ...] = (
    (r"dark", "brightness", 0.4, False),
    (r"bright", "brightness", 0.6, True),
    (r"blur", "sharpness", 0.0004, False),
    (r"sharp|focus|crisp", "sharpness", 0.002, True),
    (r"gr[ae]y|monochrome|black and white", "saturation", 0.03, False),
    (r"colou?rful|vivid|colou?r", "saturation", 0.2, True),
    (r"nois|grain", "noise", 0.03, True),
    (r"clean", "noise", 0.008, False),
    (r"symmetr", "symmetry.left_right", 0.85, True),
    (r"transparen|alpha", "transparency.share", 0.001, True),
    (r"opaque", "transparency.share", 0.001, False),
    (r"shapes?|objects?", "shapes.count", 1, True),
    (r"contrast", "contrast", 0.25, True),
)
#: Other words for the share of one colour or shape.
SHARE = r"percent|share|proportion|area|coverage|fraction|weight"
#: Lists within lists repeat all they hold: an answer has no more values than these.
VALUES_MAX = 5_000
UNKNOWN = ("unknown", "none", "other", "n/a", "undetermined", "unclear", "not sure", "")


class Filler:
    """`unknown` names the places of the answer that no measured fact was found for."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts
        self.unknown: list[str] = []
        self._values = 0

    def value(self, schema: dict[str, Any], name: str = "", around: dict[str, Any] | None = None) -> Any:
        """Always valid against *schema*, which was checked. *around* are the facts nearest to this place, such as one colour.

        Raises ProviderFailure when there is no end of values.
        """
        self._values += 1
        if self._values > VALUES_MAX:
            raise refused(f"The schema asks for more than {VALUES_MAX} values.")
        around = self._facts if around is None else around
        words = _words(f"{name} {schema.get('description', '')} {schema.get('title', '')}" if name else "")
        found = self._found(schema, _words(name), words, around)
        allowed = types_of(schema)
        if "enum" in schema:
            return self._one_of(schema, found, name, words)
        for kind in allowed:
            made = self._made(kind, schema, found, name, words, around)
            if made is not None and fits(made, schema):
                return made
        self.unknown.append(name or "/")
        return next(value for value in (None, *self._empties(schema, around)) if fits(value, schema))

    def _made(self, kind: str, schema: dict[str, Any], found: Any, name: str, words: str, around: dict[str, Any]) -> Any:
        if kind == "object":
            return self._object(schema, found if isinstance(found, dict) else around) if name == "" or "properties" in schema else None
        if kind == "array":
            return self._list(schema, name, words, around) if name == "" or "items" in schema or "type" in schema else None
        if kind == "boolean":
            return _yes(words, found, self._facts)
        if kind in ("integer", "number"):
            return _number(kind, schema, found, words)
        return _text(found) if kind == "string" else None

    def _object(self, schema: dict[str, Any], around: dict[str, Any]) -> dict[str, Any]:
        known = schema.get("properties", {})
        made = {name: self.value(inner, name, around) for name, inner in known.items()}
        return made | {name: None for name in schema.get("required", ()) if name not in known}

    def _list(self, schema: dict[str, Any], name: str, words: str, around: dict[str, Any]) -> list[Any]:
        inner = schema.get("items", {})
        path = next((path for pattern, path in LISTS if re.search(pattern, words)), None)
        found = _at(around, name) if isinstance(_at(around, name), list) else _at(self._facts, path) if path else None
        if not isinstance(found, list):
            self.unknown.append(name or "/")
            return []
        singular = re.sub(r"s$", "", name) or "item"
        return [
            self.value(inner, singular, each) if isinstance(each, dict) else each
            for each in found
            if isinstance(each, dict) or fits(each, inner)
        ]

    def _found(self, schema: dict[str, Any], name: str, words: str, around: dict[str, Any]) -> Any:
        """By the very name; then by words of the name; then by words of the description."""
        key = name.replace(" ", "_")
        for place in (around, self._facts):
            if key in place:
                return place[key]
        if around is not self._facts:
            if "share" in around and re.search(SHARE, words):
                return around["share"]
            for inner in ("name", "shape", "verdict", "format"):
                if inner in around and types_of(schema)[0] == "string":
                    return around[inner]
        for text in (name, words):
            for pattern, path in PATHS:
                if text and re.search(pattern, text) and (value := _at(self._facts, path)) is not None:
                    return value
        return None

    def _one_of(self, schema: dict[str, Any], found: Any, name: str, words: str) -> Any:
        valid = [value for value in schema["enum"] if fits(value, schema)]
        level = self._level(words)
        for text in (level, found):
            said = _words(str(text)) if isinstance(text, (str, bool, int, float)) else ""
            for test in (lambda one, two: one == two, lambda one, two: one in two.split() or two in one.split()):
                chosen = [value for value in valid if said and test(_words(str(value)), said)]
                if chosen:
                    return chosen[0]
        if isinstance(found, (int, float)) and (step := _step(valid, found)) is not None:
            return step
        self.unknown.append(name or "/")
        return None if None in valid else next((value for value in valid if str(value).lower() in UNKNOWN), valid[0])

    def _level(self, words: str) -> str | None:
        """The word for a fact that has one, such as "bright"."""
        path = next((path for pattern, path in PATHS if words and re.search(pattern, words)), "")
        return self._facts.get(f"{path.removesuffix('_score')}_level")

    @staticmethod
    def _empties(schema: dict[str, Any], around: dict[str, Any]) -> Sequence[Any]:
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        near = min(max(0, low), high)
        return ({}, [], "", False, near, math.ceil(near), math.floor(near))


def _words(name: str) -> str:
    """camelCase and snake_case as lower-case words."""
    return " ".join(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).replace("_", " ").replace("-", " ").lower().split())


def _at(facts: Any, path: str | None) -> Any:
    """What lies at *path* ("shapes.largest.0.shape"), or None. `size` is width x height."""
    if path == "size":
        return f"{facts['width']}x{facts['height']}" if isinstance(facts, dict) and "width" in facts else None
    for step in (path or "").split("."):
        if step == "length" and isinstance(facts, list):
            return len(facts)
        if isinstance(facts, list):
            facts = facts[int(step)] if step.isdigit() and int(step) < len(facts) else None
        else:
            facts = facts.get(step) if isinstance(facts, dict) else None
    return facts


def _yes(words: str, found: Any, facts: dict[str, Any]) -> bool | None:
    for word in ("landscape", "portrait", "square"):
        if word in words:
            return bool(facts["orientation"] == word)
    for word in ("warm", "cool", "neutral"):
        if word in words.split():
            return bool(facts["temperature"] == word)
    for pattern, path, level, above in YES:
        if re.search(pattern, words):
            value = _at(facts, path)
            return None if value is None else bool((value >= level) is above)
    return found if isinstance(found, bool) else None


def _number(kind: str, schema: dict[str, Any], found: Any, words: str) -> float | int | None:
    if not is_a(found, "number"):
        return None
    share = isinstance(found, float) and 0 <= found <= 1
    if share and (re.search(r"percent|\bpct\b|out of 100", words) or schema.get("maximum") == 100):
        found = round(found * 100, 1)
    elif share and kind == "integer" and is_a(schema.get("maximum"), "number") and 1 < schema["maximum"] <= 10:
        found = found * schema["maximum"]
    found = min(max(found, schema.get("minimum", -math.inf)), schema.get("maximum", math.inf))
    return round(found) if kind == "integer" else found


def _text(found: Any) -> str | None:
    if isinstance(found, str):
        return found
    return str(found) if is_a(found, "number") else None


def _step(values: Sequence[Any], found: float) -> Any:
    """Which of low, medium and high a share is."""
    names = {str(value).lower(): value for value in values}
    for ladder in (("low", "medium", "high"), ("small", "medium", "large"), ("dark", "medium", "bright"), ("none", "some", "many")):
        if set(ladder) <= names.keys() and 0 <= found <= 1:
            return names[ladder[min(2, int(found * 3))]]
    return None
