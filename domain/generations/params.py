"""The params of each kind, checked against the model and completed with defaults."""

import re
from typing import Annotated, Any, Literal

import msgspec

from domain.generations.refusals import ParamsRefused
from domain.kernel import limits
from domain.kernel.patterns import END
from domain.providers.catalogue import Model

Size = Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}" + END, description="Width x height in pixels.")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class ImageParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set for an image. Without `seed` the model chooses one from the prompt."""

    size: Size = "1024x1024"
    style: Word | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=limits.IMAGE_COUNT_MAX)] = 1
    seed: Annotated[int, msgspec.Meta(ge=0, le=limits.SEED_MAX)] | None = None
    format: Literal["jpeg", "png", "webp"] = "png"
    negative_prompt: Annotated[str, msgspec.Meta(max_length=limits.NEGATIVE_PROMPT_CHARS_MAX)] | None = None


PARAMS: dict[str, type[ImageParams]] = {"image": ImageParams}


def checked_params(model: Model, params: dict[str, Any]) -> dict[str, Any]:
    """All params of *model*, with defaults filled in.   Raises ParamsRefused, naming the first fault by JSON pointer."""
    try:
        checked = msgspec.convert({**_defaults(model), **params}, PARAMS[model.kind], strict=True)
    except msgspec.ValidationError as error:
        raise _refused(*_pointed(str(error))) from None
    _check_against(model, checked)
    return msgspec.structs.asdict(checked)


def params_schema(model: Model) -> dict[str, Any]:
    """The JSON Schema (2020-12) of *model*'s params, narrowed to what the model offers."""
    schema = msgspec.json.schema(PARAMS[model.kind])
    definition: dict[str, Any] = schema["$defs"][PARAMS[model.kind].__name__]
    properties = definition["properties"]
    defaults = _defaults(model)
    properties["size"]["default"] = defaults["size"]
    if model.sizes:
        properties["size"] = {"enum": model.sizes, "default": defaults["size"]}
    if model.styles:
        properties["style"] = {"anyOf": [{"enum": model.styles}, {"type": "null"}], "default": None}
    properties["format"] = {"enum": sorted(model.formats), "default": defaults["format"]}
    properties["count"] = {"type": "integer", "minimum": 1, "maximum": model.count_max, "default": 1}
    return definition


def _defaults(model: Model) -> dict[str, str]:
    """A model with fixed sizes or formats begins with its first."""
    return {
        "size": model.sizes[0] if model.sizes else "1024x1024",
        "format": "png" if "png" in model.formats else model.formats[0],
    }


def _check_against(model: Model, params: ImageParams) -> None:
    width, height = (int(side) for side in params.size.split("x"))
    if model.sizes and params.size not in model.sizes:
        raise _refused("/params/size", f"must be one of {', '.join(model.sizes)}")
    low, high = limits.IMAGE_SIDE_MIN, limits.IMAGE_SIDE_MAX
    if not (low <= width <= high and low <= height <= high):
        raise _refused("/params/size", f"each side must be from {low} to {high} pixels")
    if params.style is not None and model.styles and params.style not in model.styles:
        raise _refused("/params/style", f"must be one of {', '.join(model.styles)}")
    if params.format not in model.formats:
        raise _refused("/params/format", f"must be one of {', '.join(model.formats)}")
    if params.count > model.count_max:
        raise _refused("/params/count", f"this model makes at most {model.count_max} at once")


_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*)`", re.DOTALL)


def _pointed(message: str) -> tuple[str, str]:
    """msgspec's message as (JSON pointer, sentence)."""
    unknown = _UNKNOWN.search(message)
    if unknown:
        name = unknown["name"].replace("~", "~0").replace("/", "~1")
        return f"/params/{name}", "is not a param of this kind"
    found = _PATH.search(message)
    pointer = "/params/" + found["path"].replace(".", "/") if found and found["path"] else "/params"
    return pointer, _PATH.sub("", message)


def _refused(pointer: str, sentence: str) -> ParamsRefused:
    return ParamsRefused(summary=f"{pointer} {sentence}", errors=[(pointer, sentence)])
