"""The part of JSON Schema that answers can be fitted to: checked first, and again when the answer is there."""

import math
from typing import Any

from domain.providers.jobs import ProviderFailure

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
#: What asks for something, and what only tells a reader something.
RULES = frozenset({"additionalProperties", "enum", "items", "maximum", "minimum", "properties", "required", "type"})
REMARKS = frozenset({"$comment", "$id", "$schema", "default", "description", "examples", "title"})
DEPTH_MAX, NODES_MAX, ENUM_MAX = 16, 500, 200


def check_schema(schema: Any) -> None:
    """Raises ProviderFailure invalid_request, which names the keyword or the place, for a schema that no answer could be fitted to."""
    _check(schema, "", [0])


def types_of(schema: dict[str, Any]) -> list[str]:
    """The types that *schema* allows, in its order; all of them where it names none."""
    named = schema.get("type")
    if named is None:
        return ["object", "array"] if not schema.get("enum") and schema.keys() & {"properties", "required"} else list(TYPES)
    return [named] if isinstance(named, str) else list(named)


def is_a(value: Any, name: str) -> bool:
    if name in ("integer", "number"):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and (name == "number" or float(value).is_integer())
    kinds: dict[str, type | tuple[type, ...]] = {"array": list, "boolean": bool, "null": type(None), "object": dict, "string": str}
    return isinstance(value, kinds[name])


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether *value* is valid against a schema that was checked."""
    if "type" in schema and not any(is_a(value, name) for name in types_of(schema)):
        return False
    if "enum" in schema and not any(same(value, each) for each in schema["enum"]):
        return False
    if is_a(value, "number") and not schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf):
        return False
    if isinstance(value, dict):
        known = schema.get("properties", {})
        if any(name not in value for name in schema.get("required", ())):
            return False
        if any(not fits(value[name], known[name]) for name in known.keys() & value.keys()):
            return False
        others, rest = value.keys() - known.keys(), schema.get("additionalProperties", True)
        return not others or rest is True or (isinstance(rest, dict) and all(fits(value[name], rest) for name in others))
    return not isinstance(value, list) or all(fits(each, schema.get("items", {})) for each in value)


def same(one: Any, other: Any) -> bool:
    """JSON's equality: true is not 1, 1.0 is 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _check(schema: Any, at: str, nodes: list[int]) -> None:
    nodes[0] += 1
    if not isinstance(schema, dict):
        raise refused(f"The schema at {at or '/'} is not an object.")
    if at.count("/") > DEPTH_MAX * 2 or nodes[0] > NODES_MAX:
        raise refused("The schema is too deep or too big.")
    for keyword in schema:
        if keyword not in RULES | REMARKS:
            raise refused(f"The schema keyword {keyword!r} at {at or '/'} is not supported.")
    _check_values(schema, at)
    for name, inner in schema.get("properties", {}).items():
        _check(inner, f"{at}/properties/{name}", nodes)
    if "items" in schema:
        _check(schema["items"], f"{at}/items", nodes)
    if isinstance(schema.get("additionalProperties"), dict):
        _check(schema["additionalProperties"], f"{at}/additionalProperties", nodes)


def _check_values(schema: dict[str, Any], at: str) -> None:
    """Each keyword's own value, and that some value can satisfy them together."""
    where = at or "/"
    named = schema.get("type", "object")
    if not (named in TYPES if isinstance(named, str) else isinstance(named, list) and named and all(each in TYPES for each in named)):
        raise refused(f"The schema keyword 'type' at {where} names no type of JSON.")
    if not isinstance(schema.get("properties", {}), dict) or not isinstance(schema.get("additionalProperties", True), (bool, dict)):
        raise refused(f"The schema keyword 'properties' or 'additionalProperties' at {where} is not an object.")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise refused(f"The schema keyword 'required' at {where} is not a list of names.")
    for keyword in ("minimum", "maximum"):
        if keyword in schema and not is_a(schema[keyword], "number"):
            raise refused(f"The schema keyword {keyword!r} at {where} is not a number.")
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if low > high or (schema.get("type") == "integer" and math.isfinite(low) and math.isfinite(high) and math.ceil(low) > math.floor(high)):
        raise refused(f"No number lies between 'minimum' and 'maximum' at {where}.")
    missing = set(required) - schema.get("properties", {}).keys()
    if missing and schema.get("additionalProperties", True) is not True:
        raise refused(f"The schema at {where} requires {min(missing)!r} but describes no such property.")
    if "enum" in schema:
        values = schema["enum"]
        if not isinstance(values, list) or len(values) > ENUM_MAX:
            raise refused(f"The schema keyword 'enum' at {where} is not a list of at most {ENUM_MAX} values.")
        if not any(fits(value, {**schema, "enum": [value]}) for value in values):
            raise refused(f"No value of 'enum' at {where} is allowed by the rest of the schema.")


def refused(message: str) -> ProviderFailure:
    return ProviderFailure("invalid_request", message)
