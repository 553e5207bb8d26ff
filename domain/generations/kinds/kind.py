"""What every kind states about itself, and what their params share."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import msgspec

from domain.generations.refusals import ParamsRefused
from domain.kernel import limits
from domain.kernel.patterns import END
from domain.providers.catalogue import Model

Size = Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}" + END, description="Width x height in pixels.")]
#: From `IMAGE_SIDE_MIN` to `IMAGE_SIDE_MAX`.
SIDE = "(6[4-9]|[7-9][0-9]|[1-9][0-9]{2}|1[0-9]{3}|20[0-3][0-9]|204[0-8])"
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=limits.SEED_MAX)]
Unwanted = Annotated[str, msgspec.Meta(max_length=limits.NEGATIVE_PROMPT_CHARS_MAX)]


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the params of a kind. All of them have defaults."""


class InputRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where an input comes from: one of your assets, or a public URL. Exactly one of the two."""

    asset_id: str | None = None
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.URL_CHARS_MAX)] | None = None


#: The same as a schema, where null counts as left out.
EITHER = {"oneOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("asset_id", "url")]}


class Kind(NamedTuple):
    """`private` are the params that are the caller's own words, or no whole numbers: they are sealed with the prompt.

    `most` counts, in the model's unit, the most that the params and so many characters of prompt can come to.
    """

    params: type[Params]
    defaults: Callable[[Model], dict[str, Any]]
    check: Callable[[Model, Any], None]
    narrow: Callable[[Model, dict[str, Any]], None]
    most: Callable[[dict[str, Any], int], int]
    private: frozenset[str] = frozenset()
    prompt_required: bool = True


def one_of(name: str, value: str | int | None, offered: list[Any]) -> None:
    """Raises ParamsRefused when the model offers a list and *value* is not on it."""
    if value is not None and offered and value not in offered:
        raise refused(f"/params/{name}", f"must be one of {', '.join(map(str, offered))}")


def checked_size(model: Model, size: str) -> None:
    """Raises ParamsRefused."""
    width, height = (int(side) for side in size.split("x"))
    one_of("size", size, model.sizes)
    low, high = limits.IMAGE_SIDE_MIN, limits.IMAGE_SIDE_MAX
    if not (low <= width <= high and low <= height <= high):
        raise refused("/params/size", f"each side must be from {low} to {high} pixels")


def offered_size(model: Model) -> dict[str, Any]:
    """The schema of a size, narrowed to the model's list, or to what any model may make."""
    return {"enum": model.sizes} if model.sizes else {"type": "string", "pattern": f"^{SIDE}x{SIDE}{END}"}


def checked_count(model: Model, count: int) -> None:
    """Raises ParamsRefused."""
    if count > model.count_max:
        raise refused("/params/count", f"this model makes at most {model.count_max} at once")


def offered_words(words: list[str], default: str | None = None) -> dict[str, Any]:
    """The schema of a word that may be left out, narrowed to *words*."""
    return {"anyOf": [{"enum": words}, {"type": "null"}], "default": default}


def first(offered: list[Any], otherwise: Any) -> Any:
    """A model with a list begins with its first."""
    return offered[0] if offered else otherwise


def refused(pointer: str, sentence: str) -> ParamsRefused:
    return ParamsRefused(summary=f"{pointer} {sentence}", errors=[(pointer, sentence)])
