"""Whether an answer fits the JSON Schema that it was asked for in. Words that are not known here hold for anything."""

from collections.abc import Callable
from typing import Any

#: A schema that refers to itself, perhaps twice at each turn, is followed so far; then it holds.
DEPTH_MAX = 64
STEPS_MAX = 20_000
NOTHING = object()


def fits(value: Any, schema: Any) -> bool:
    return _Fitting(schema).holds(value, schema, 0)


def is_type(value: Any, name: Any) -> bool:
    """Whole numbers are numbers, and 1.0 is whole; true is not 1."""
    match name:
        case "integer":
            return (type(value) is int) or (isinstance(value, float) and value.is_integer())
        case "number":
            return type(value) is int or isinstance(value, float)
        case "null":
            return value is None
    known = {"array": list, "boolean": bool, "object": dict, "string": str}
    return isinstance(value, known[name]) if name in known else True


class _Fitting:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._steps = 0

    def holds(self, value: Any, schema: Any, depth: int) -> bool:
        self._steps += 1
        if not isinstance(schema, dict) or depth > DEPTH_MAX or self._steps > STEPS_MAX:
            return schema is not False
        reference = self._named(schema.get("$ref"))
        if reference is not NOTHING and not self.holds(value, reference, depth + 1):
            return False
        types = schema.get("type", [])
        types = types if isinstance(types, list) else [types]
        if types and not any(is_type(value, name) for name in types):
            return False
        if "enum" in schema and isinstance(schema["enum"], list) and not any(_same(value, each) for each in schema["enum"]):
            return False
        if "const" in schema and not _same(value, schema["const"]):
            return False
        if not all(_bounded(value, schema, word, holds) for word, holds in BOUNDS.items()):
            return False
        return self._combined(value, schema, depth) and self._inside(value, schema, depth)

    def _combined(self, value: Any, schema: dict[str, Any], depth: int) -> bool:
        held = {
            word: [self.holds(value, each, depth + 1) for each in schema[word]]
            for word in ("allOf", "anyOf", "oneOf")
            if isinstance(schema.get(word), list)
        }
        return (
            all(held.get("allOf", [True]))
            and any(held.get("anyOf", [True]))
            and sum(held.get("oneOf", [True])) == 1
            and ("not" not in schema or not self.holds(value, schema["not"], depth + 1))
        )

    def _inside(self, value: Any, schema: dict[str, Any], depth: int) -> bool:
        if isinstance(value, list):
            return all(self.holds(each, schema.get("items", {}), depth + 1) for each in value)
        if not isinstance(value, dict):
            return True
        named = schema.get("properties")
        named = named if isinstance(named, dict) else {}
        required = schema.get("required")
        if isinstance(required, list) and not all(name in value for name in required):
            return False
        rest = schema.get("additionalProperties", {})
        return all(self.holds(each, named.get(name, rest), depth + 1) for name, each in value.items())

    def _named(self, reference: Any) -> Any:
        """What `#/$defs/a` names in the schema; NOTHING for others."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return NOTHING
        place = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(place, dict) or name not in place:
                return NOTHING
            place = place[name]
        return place


def _same(one: Any, other: Any) -> bool:
    """true is not 1, but 1 is 1.0."""
    return one == other and (isinstance(one, bool) == isinstance(other, bool))


def _bounded(value: Any, schema: dict[str, Any], word: str, holds: tuple[Callable[[Any], bool], Callable[[Any, Any], bool]]) -> bool:
    concerns, within = holds
    bound = schema.get(word)
    return not concerns(value) or type(bound) not in (int, float) or within(value, bound)


def _number(value: Any) -> bool:
    return type(value) in (int, float)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _list(value: Any) -> bool:
    return isinstance(value, list)


#: word -> which values it concerns, and what must hold.
BOUNDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any, Any], bool]]] = {
    "exclusiveMaximum": (_number, lambda value, bound: value < bound),
    "exclusiveMinimum": (_number, lambda value, bound: value > bound),
    "maximum": (_number, lambda value, bound: value <= bound),
    "maxItems": (_list, lambda value, bound: len(value) <= bound),
    "maxLength": (_text, lambda value, bound: len(value) <= bound),
    "minimum": (_number, lambda value, bound: value >= bound),
    "minItems": (_list, lambda value, bound: len(value) >= bound),
    "minLength": (_text, lambda value, bound: len(value) >= bound),
}
