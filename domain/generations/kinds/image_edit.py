"""Params of the kind `image_edit`."""

from typing import Annotated, Any, Literal

import msgspec

from domain.generations.kinds.image import check_picture, default_format, narrow_picture
from domain.generations.kinds.kind import (
    EITHER,
    InputRef,
    Kind,
    Params,
    Seed,
    Size,
    Unwanted,
    Word,
    checked_size,
    offered_size,
    refused,
)
from domain.kernel import limits
from domain.providers.catalogue import Model


class ImageEditParams(Params, frozen=True, kw_only=True):
    """What can be set for an edit. Without `size` the result is as large as the first input. `mask`: only there it is edited."""

    size: Size | None = None
    style: Word | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=limits.IMAGE_COUNT_MAX)] = 1
    seed: Seed | None = None
    format: Literal["jpeg", "png", "webp"] = "png"
    negative_prompt: Unwanted | None = None
    mask: InputRef | None = None


def defaults(model: Model) -> dict[str, Any]:
    return {"size": model.sizes[0] if model.sizes else None, "format": default_format(model)}


def check(model: Model, params: ImageEditParams) -> None:
    if params.size is not None:
        checked_size(model, params.size)
    check_picture(model, params)
    if params.mask is not None and (params.mask.asset_id is None) == (params.mask.url is None):
        raise refused("/params/mask", "needs either asset_id or url")


def narrow(model: Model, properties: dict[str, Any]) -> None:
    if model.sizes:
        properties["size"] = {**offered_size(model), "default": model.sizes[0]}
    else:
        properties["size"] = {"anyOf": [offered_size(model), {"type": "null"}], "default": None}
    narrow_picture(model, properties)
    properties["mask"] = {"anyOf": [{"$ref": "#/$defs/InputRef", **EITHER}, {"type": "null"}], "default": None}


KIND = Kind(
    ImageEditParams,
    defaults,
    check,
    narrow,
    most=lambda params, _: int(params["count"]),
    private=frozenset({"negative_prompt", "mask"}),
)
