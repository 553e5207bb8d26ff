"""What a catalogue file must fulfil beyond the types of its fields."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.kernel import limits
from domain.providers.catalogue import FORMATS, Model
from infra.catalogue.adapter_rules import fault_of

KINDS = ("image", "image_analysis", "image_edit", "speech", "text", "video")
ON_CANCEL = ("delivered", "free", "full")
TIMEOUT_SECONDS_MAX = 3_600
ATTEMPTS_MAX = 10
ID = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,99}")
RATIO = re.compile(r"[1-9][0-9]?:[1-9][0-9]?")
SIZE = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")
UNITS = ("character", "item", "second", "token")
UNKNOWN_SUBMITS = ("at_least_once", "at_most_once", "look_up")
RATE_LIMIT = re.compile(r"[1-9][0-9]{0,5}/[1-9][0-9]{0,4}")
TOP_KEYS = ("defaults", "models", "price_version")


class CatalogueInvalid(Exception):
    """A catalogue file cannot be used. The sentence names the file, the key and the fault."""

    def __init__(self, path: Path, key: str | None, fault: str) -> None:
        place = f"{path}: {key}" if key else str(path)
        super().__init__(f"Catalogue {place}: {fault}")
        self.path = path
        self.key = key
        self.fault = fault


def check_top(path: Path, document: dict[str, Any]) -> None:
    """The tables of the file itself."""
    for key in document:
        if key not in TOP_KEYS:
            raise CatalogueInvalid(path, key, f"unknown key; known are {', '.join(TOP_KEYS)}")
    version = document.get("price_version", 1)
    if type(version) is not int or version < 1:
        raise CatalogueInvalid(path, "price_version", "must be a whole number from 1")
    defaults = document.get("defaults", {})
    if not isinstance(defaults, dict) or not all(isinstance(value, str) for value in defaults.values()):
        raise CatalogueInvalid(path, "defaults", "must be a table of kind = model id")
    if not isinstance(document.get("models", []), list):
        raise CatalogueInvalid(path, "models", "must be an array of tables, [[models]]")


def check_row(path: Path, number: int, row: Any) -> str:
    """The name of the row in messages. Refuses keys that a model does not have."""
    if not isinstance(row, dict):
        raise CatalogueInvalid(path, f"models[{number}]", "must be a table")
    where = f"models {row['id']!r}" if isinstance(row.get("id"), str) else f"models[{number}]"
    for key in row:
        if key not in Model.__struct_fields__:
            raise CatalogueInvalid(path, f"{where}.{key}", "unknown key")
    return where


def check_model(path: Path, where: str, model: Model) -> None:
    """The values of one row."""
    for key, (holds, rule) in _RULES.items():
        if not holds(getattr(model, key)):
            raise CatalogueInvalid(path, f"{where}.{key}", f"{getattr(model, key)!r} {rule}")
    known = FORMATS.get(model.kind, FORMATS["image"])
    # A row without formats has those of pictures, which nobody looks at for speech.
    if not model.formats or not (set(model.formats) <= set(known) or model.formats == list(FORMATS["image"])):
        raise CatalogueInvalid(path, f"{where}.formats", f"{model.formats!r} is not a list from {', '.join(known)}")
    if model.inputs_min > model.inputs_max:
        raise CatalogueInvalid(path, f"{where}.inputs_min", f"is more than inputs_max, {model.inputs_max}")
    if model.rates and set(model.rates) != set(model.qualities):
        raise CatalogueInvalid(path, f"{where}.rates", "must have a rate for each of qualities, and no other")


def check_adapter(path: Path, where: str, model: Model) -> None:
    """The flags that the adapters read: a wrong one would fail only when somebody has paid for it."""
    where = f"{where}.adapter"
    if model.provider == "noop" and not _counts(model.adapter.get("sleep_ms", 0)):
        raise CatalogueInvalid(path, f"{where}.sleep_ms", "must be a whole number of milliseconds")
    fault = fault_of(model.provider, model.adapter)
    if fault is not None:
        raise CatalogueInvalid(path, f"{where}.{fault[0]}", fault[1])


def check_defaults(path: Path, defaults: dict[str, str], models: dict[str, Model]) -> None:
    for kind, model_id in defaults.items():
        if model_id not in models or models[model_id].kind != kind:
            raise CatalogueInvalid(path, f"defaults.{kind}", f"there is no model {model_id!r} of this kind")


def check_replacements(path: Path, models: dict[str, Model]) -> None:
    for model in models.values():
        if model.replacement is not None and model.replacement not in models:
            raise CatalogueInvalid(path, f"models {model.id!r}.replacement", f"there is no model {model.replacement!r}")


def _counts(value: Any) -> bool:
    return type(value) is int and value >= 0


def _size(word: str) -> bool:
    found = SIZE.fullmatch(word)
    return found is not None and all(limits.IMAGE_SIDE_MIN <= int(side) <= limits.IMAGE_SIDE_MAX for side in found.groups())


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "aspect_ratios": (lambda value: all(map(RATIO.fullmatch, value)), "is not a list of ratios such as 16:9"),
    "attempts_max": (lambda value: 1 <= value <= ATTEMPTS_MAX, f"is not from 1 to {ATTEMPTS_MAX}"),
    "concurrency_max": (lambda value: value is None or value >= 1, "is not at least 1"),
    "count_max": (lambda value: 1 <= value <= limits.IMAGE_COUNT_MAX, f"is not from 1 to {limits.IMAGE_COUNT_MAX}"),
    "durations": (
        lambda value: all(1 <= each <= limits.VIDEO_SECONDS_MAX for each in value),
        f"is not a list of seconds from 1 to {limits.VIDEO_SECONDS_MAX}",
    ),
    "id": (lambda value: ID.fullmatch(value) is not None, "is not a model id: lower-case letters, digits and ._:/- (at most 100)"),
    "inputs_max": (lambda value: 0 <= value <= limits.INPUTS_MAX, f"is not from 0 to {limits.INPUTS_MAX}"),
    "inputs_min": (lambda value: 0 <= value <= limits.INPUTS_MAX, f"is not from 0 to {limits.INPUTS_MAX}"),
    "kind": (lambda value: value in KINDS, f"is not one of {', '.join(KINDS)}"),
    "max_tokens": (lambda value: 1 <= value <= limits.TEXT_TOKENS_MAX, f"is not from 1 to {limits.TEXT_TOKENS_MAX}"),
    "on_cancel": (lambda value: value in ON_CANCEL, f"is not one of {', '.join(ON_CANCEL)}"),
    "on_unknown_submit": (lambda value: value in UNKNOWN_SUBMITS, f"is not one of {', '.join(UNKNOWN_SUBMITS)}"),
    "price": (lambda value: 0 <= value <= limits.CREDITS_MAX, f"is not from 0 to {limits.CREDITS_MAX}"),
    "price_per": (lambda value: 1 <= value <= limits.CREDITS_MAX, f"is not from 1 to {limits.CREDITS_MAX}"),
    "price_unit": (lambda value: value in UNITS, f"is not one of {', '.join(UNITS)}"),
    "provider": (lambda value: ID.fullmatch(value) is not None, "is not a provider's name"),
    "rate_limit": (
        lambda value: value is None or RATE_LIMIT.fullmatch(value) is not None,
        "is not count/seconds, such as 20/10",
    ),
    "rates": (
        lambda value: all(0 <= each <= limits.CREDITS_MAX for each in value.values()),
        f"is not a table of quality = credits from 0 to {limits.CREDITS_MAX}",
    ),
    "sizes": (
        lambda value: all(map(_size, value)),
        f"is not a list of WIDTHxHEIGHT from {limits.IMAGE_SIDE_MIN} to {limits.IMAGE_SIDE_MAX}",
    ),
    "timeout_seconds": (lambda value: 1 <= value <= TIMEOUT_SECONDS_MAX, f"is not from 1 to {TIMEOUT_SECONDS_MAX}"),
}
