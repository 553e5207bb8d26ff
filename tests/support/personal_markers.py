"""Bodies for every operation of the OpenAPI document, with a marker of its own in each free text: what a person could write anywhere."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Texts that are a choice or a proof, not words. Any other text of any body gets a marker, so a new field cannot be forgotten.
CHOICES = {
    "kind": "image",
    "model": "builtin/sketch-1",
    "package": "starter",
    "plan": "premium",
}
#: Left out: a reference to something that must exist.
REFERENCES = frozenset({"start_deadline", "deadline", "run_at", "expires_at", "effective_at", "webhook_url"})
#: A place that is allowed, and where nobody answers.
CALLED = "127.0.0.1:9"
#: Params of a generation are the model's, not the document's.
PARAMS = {"size": "64x64", "negative_prompt": "{marker}"}


@dataclass
class Markers:
    """`made`: marker -> where it was written, such as `POST /v1/me name`."""

    made: dict[str, str] = field(default_factory=dict)

    def new(self, where: str) -> str:
        """Letters and digits only, so that no encoding changes it; long enough for a password."""
        marker = f"mk{secrets.token_hex(9)}"
        self.made[marker] = where
        return marker


@dataclass
class Operation:
    """One method of one template, with the schema of its body (None: it takes none)."""

    name: str
    body: Mapping[str, Any] | None
    queries: list[str]
    role: str | None


class Document:
    """An OpenAPI document, as far as this needs it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def operations(self) -> Iterator[Operation]:
        for template, path in self._document["paths"].items():
            for method, operation in path.items():
                body = operation.get("requestBody")
                yield Operation(
                    name=f"{method.upper()} {template}",
                    body=None if body is None else body["content"].get("application/json", {}).get("schema"),
                    queries=[each["name"] for each in operation["parameters"] if each.get("in") == "query" and self._free(each["schema"])],
                    role=(operation.get("x-permission") or {}).get("role"),
                )

    def filled(self, operation: Operation, markers: Markers, fixed: Mapping[str, Any]) -> Any:
        """A body with all its fields: those of *fixed* as they are, a marker in every other free text."""
        return None if operation.body is None else self._value(operation.body, operation.name, "", markers, fixed)

    def _value(self, schema: Mapping[str, Any], where: str, name: str, markers: Markers, fixed: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        kind = schema.get("type")
        if name in fixed:
            return fixed[name]
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else sorted(schema["enum"])[0]
        if kind == "object" and "properties" in schema:
            inner = {key: part for key, part in schema["properties"].items() if key not in REFERENCES or key in fixed}
            return {key: self._value(part, f"{where} {key}", key, markers, fixed) for key, part in inner.items()}
        if kind == "object":
            return json.loads(json.dumps(PARAMS).replace("{marker}", markers.new(f"{where} negative_prompt"))) if name == "params" else {}
        if kind == "array":
            empty = schema.get("maxItems") == 0 or "items" not in schema
            return [] if empty else [self._value(schema["items"], where, name, markers, fixed)]
        if kind == "string":
            return self._text(schema, where, name, markers)
        return {"integer": schema.get("minimum", 1), "boolean": False, "number": 1}.get(str(kind))

    def _text(self, schema: Mapping[str, Any], where: str, name: str, markers: Markers) -> str:
        if name in CHOICES:
            return CHOICES[name]
        marker = markers.new(where)
        if name == "email":
            return f"{marker}@example.com"
        if name == "url":
            # Where it will be called, so it must be a place that may be.
            return f"http://{CALLED}/{marker}"
        return f"https://{marker}.example.com/" if name.endswith("url") else marker

    def _free(self, schema: Mapping[str, Any]) -> bool:
        schema = self._resolved(schema)
        schema = self._resolved(schema["items"]) if schema.get("type") == "array" else schema
        return schema.get("type") == "string" and not schema.keys() & {"enum", "const", "format"}

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without references, and of several possibilities the first that is something."""
        if "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            return self._resolved(next(each for each in schema["anyOf"] if each.get("type") != "null"))
        return schema
