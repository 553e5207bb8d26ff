"""The params of a generation, checked against its kind and its model, and completed with defaults."""

import inspect
import re
from functools import cache
from typing import Any

import msgspec

from domain.generations.kinds.kind import Params, refused
from domain.generations.kinds.table import KINDS
from domain.generations.refusals import ParamsRefused
from domain.kernel.whole import with_whole_numbers
from domain.providers.catalogue import Model


def checked_params(model: Model, params: dict[str, Any]) -> dict[str, Any]:
    """All params of *model*, with defaults filled in.   Raises ParamsRefused, naming the first fault by JSON pointer."""
    kind = KINDS[model.kind]
    try:
        checked = _converted({**kind.defaults(model), **params}, kind.params)
    except msgspec.ValidationError as error:
        raise refused(*_pointed(str(error))) from None
    kind.check(model, checked)
    found: dict[str, Any] = msgspec.to_builtins(checked)
    return found


def _converted(params: dict[str, Any], shape: type[Params]) -> Params:
    """Raises msgspec.ValidationError."""
    try:
        return msgspec.convert(params, shape)
    except msgspec.ValidationError:
        # Perhaps an integer was written as 1.0.
        return msgspec.convert(with_whole_numbers(params), shape)


def private_part(kind: str, params: dict[str, Any]) -> dict[str, Any]:
    """What of complete params is sealed with the prompt. The log may show the rest."""
    private = KINDS[kind].private
    return {name: value for name, value in params.items() if name in private}


def params_schema(model: Model) -> dict[str, Any]:
    """The JSON Schema (2020-12) of *model*'s params, narrowed to what the model offers."""
    kind = KINDS[model.kind]
    schema = msgspec.json.decode(_schema(kind.params))
    definitions: dict[str, Any] = schema["$defs"]
    definition: dict[str, Any] = definitions.pop(kind.params.__name__)
    kind.narrow(model, definition["properties"])
    definition["description"] = inspect.cleandoc(definition["description"])
    return {**definition, "$defs": definitions} if definitions else definition


@cache
def _schema(shape: type[Params]) -> bytes:
    """Written out, so that whoever reads it has one of his own. Finding out what a class takes costs twenty times as much."""
    return msgspec.json.encode(msgspec.json.schema(shape))


_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*?)`(?: - at `\$[^`]*`)?$", re.DOTALL)


def _pointed(message: str) -> tuple[str, str]:
    """msgspec's message as (JSON pointer, sentence)."""
    found = _PATH.search(message)
    path = re.sub(r"\[(\d+)\]", r".\1", found["path"]) if found else ""
    place = "/params/" + path.replace(".", "/") if path else "/params"
    unknown = _UNKNOWN.search(message)
    if unknown:
        name = unknown["name"].replace("~", "~0").replace("/", "~1")
        return f"{place}/{name}", "is not a param of this kind" if place == "/params" else "is unknown here"
    return place, _PATH.sub("", message)


__all__ = ["ParamsRefused", "checked_params", "params_schema", "private_part"]
