"""JSON Schema as the part of it that `responseSchema` knows."""

from typing import Any

KNOWN = frozenset(
    {
        *("description", "enum", "format", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "nullable"),
        *("pattern", "properties", "required", "title", "type", "anyOf"),
    }
)
DEPTH_MAX = 32


def reduced(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What Gemini understands of *schema*, and whether that is all of it."""
    reducing = _Reducing()
    return reducing.schema(schema, 0), reducing.whole


class _Reducing:
    def __init__(self) -> None:
        self.whole = True

    def schema(self, schema: Any, depth: int) -> dict[str, Any]:
        if not isinstance(schema, dict) or depth > DEPTH_MAX:
            self.whole = False
            return {}
        kept = {key: value for key, value in schema.items() if key in KNOWN}
        # Draft names, and a closed object: what the model does anyway.
        self.whole = self.whole and schema.keys() - KNOWN <= {"$schema", "additionalProperties", "const"}
        if "const" in schema:
            kept["enum"] = [schema["const"]]
        if isinstance(kept.get("type"), list):
            kept |= _type(kept.pop("type"))
            self.whole = self.whole and "type" in kept
        if isinstance(kept.get("properties"), dict):
            kept["properties"] = {name: self.schema(each, depth + 1) for name, each in kept["properties"].items()}
        if "items" in kept:
            kept["items"] = self.schema(kept["items"], depth + 1)
        if isinstance(kept.get("anyOf"), list):
            kept["anyOf"] = [self.schema(each, depth + 1) for each in kept["anyOf"]]
        return kept


def _type(types: list[Any]) -> dict[str, Any]:
    """`["string", "null"]` is a string that may be null. Of several others only words can tell."""
    others = [each for each in types if each != "null"]
    return ({"type": others[0]} if len(others) == 1 else {}) | ({"nullable": True} if "null" in types else {})
