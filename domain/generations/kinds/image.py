"""Params of the kind `image`."""

from typing import Annotated, Any, Literal

import msgspec

from domain.generations.kinds.kind import (
    Kind,
    Params,
    Seed,
    Size,
    Unwanted,
    Word,
    checked_count,
    checked_size,
    first,
    offered_size,
    offered_words,
    one_of,
)
from domain.kernel import limits
from domain.providers.catalogue import Model

SIZE = "1024x1024"


class ImageParams(Params, frozen=True, kw_only=True):
    """What can be set for an image. Without `seed` the model chooses one from the prompt."""

    size: Size = SIZE
    style: Word | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=limits.IMAGE_COUNT_MAX)] = 1
    seed: Seed | None = None
    format: Literal["jpeg", "png", "webp"] = "png"
    negative_prompt: Unwanted | None = None


def defaults(model: Model) -> dict[str, Any]:
    return {"size": first(model.sizes, SIZE), "format": default_format(model)}


def check(model: Model, params: ImageParams) -> None:
    checked_size(model, params.size)
    check_picture(model, params)


def narrow(model: Model, properties: dict[str, Any]) -> None:
    properties["size"] = {**offered_size(model), "default": first(model.sizes, SIZE)}
    narrow_picture(model, properties)


def default_format(model: Model) -> str:
    return "png" if "png" in model.formats else model.formats[0]


def check_picture(model: Model, params: Any) -> None:
    """What all kinds that make pictures share."""
    one_of("style", params.style, model.styles)
    one_of("format", params.format, model.formats)
    checked_count(model, params.count)


def narrow_picture(model: Model, properties: dict[str, Any]) -> None:
    if model.styles:
        properties["style"] = offered_words(model.styles)
    properties["format"] = {"enum": sorted(model.formats), "default": default_format(model)}
    properties["count"] = {"type": "integer", "minimum": 1, "maximum": model.count_max, "default": 1}


KIND = Kind(ImageParams, defaults, check, narrow, most=lambda params, _: int(params["count"]), private=frozenset({"negative_prompt"}))
