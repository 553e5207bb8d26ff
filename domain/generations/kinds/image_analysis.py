"""Params of the kind `image_analysis`."""

from typing import Annotated, Any

import msgspec

from domain.generations.kinds.kind import Kind, Params, refused
from domain.kernel import limits
from domain.providers.catalogue import Model


class ImageAnalysisParams(Params, frozen=True, kw_only=True):
    """What is asked of pictures. With `schema`, a JSON Schema, the answer's `data` fits it."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.QUESTION_CHARS_MAX)] | None = None
    schema: dict[str, Any] | None = None


def check(model: Model, params: ImageAnalysisParams) -> None:
    if params.schema is None:
        return
    if len(msgspec.json.encode(params.schema)) > limits.ANSWER_SCHEMA_BYTES_MAX:
        raise refused("/params/schema", f"is longer than {limits.ANSWER_SCHEMA_BYTES_MAX} bytes")
    if params.schema.get("type") != "object":
        raise refused("/params/schema", 'must describe an object: its "type" is "object"')


def narrow(model: Model, properties: dict[str, Any]) -> None:
    of_an_object = {"type": "object", "properties": {"type": {"const": "object"}}, "required": ["type"]}
    properties["schema"] = {"anyOf": [of_an_object, {"type": "null"}], "default": None}


KIND = Kind(
    ImageAnalysisParams,
    lambda model: {},
    check,
    narrow,
    most=lambda params, _: 1,
    private=frozenset({"question", "schema"}),
    prompt_required=False,
)
