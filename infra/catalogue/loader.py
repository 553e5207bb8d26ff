"""Reads and merges the catalogue files. Every mistake is named with its file and key, because an operator must be able to mend it."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from domain.providers.catalogue import KEYLESS, Catalogue, Model
from infra.catalogue.checks import CatalogueInvalid, check_adapter, check_defaults, check_model, check_replacements, check_row, check_top

BUILT_IN = Path(__file__).with_name("catalogue.toml")
VENDORS = Path(__file__).with_name("vendors.toml")
COMPATIBLE = "openai-compatible"


def load_catalogue(extra: Path | None = None, *, open_providers: Collection[str] = ()) -> Catalogue:
    """The built-in catalogue with the models of *extra* merged over it, sorted by id.

    Rows of *extra* replace rows with the same id; its `defaults` and `price_version` win. The built-in rows of the
    provider `openai-compatible` are present only when it is one of *open_providers*, which the installation can call by itself.
    Raises CatalogueInvalid.
    """
    built_in, compatible = _read(BUILT_IN), COMPATIBLE in open_providers
    rows = [*_models(built_in, BUILT_IN), *_models(_read(VENDORS), VENDORS)]
    models = {model.id: model for model in rows if compatible or model.provider != COMPATIBLE}
    defaults, version = dict(built_in["defaults"]), built_in["price_version"]
    if extra is not None:
        own = _read(extra)
        for model in _models(own, extra):
            if model.provider == COMPATIBLE and not compatible:
                raise CatalogueInvalid(extra, f"models {model.id!r}", "its provider needs OPENAI_COMPATIBLE_BASE_URL")
            models[model.id] = model
        defaults |= own.get("defaults", {})
        version = own.get("price_version", version)
    source = extra or BUILT_IN
    check_defaults(source, defaults, models)
    check_replacements(source, models)
    offered = [models[key] for key in sorted(models)]
    return Catalogue(price_version=version, models=offered, defaults=defaults, open_providers=frozenset(open_providers) | KEYLESS)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogueInvalid(path, None, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueInvalid(path, None, f"is not TOML: {error}") from error
    check_top(path, document)
    return document


def _models(document: dict[str, Any], path: Path) -> list[Model]:
    """The rows of one file, each checked; two rows with one id are a mistake within a file."""
    found: dict[str, Model] = {}
    for number, row in enumerate(document.get("models", [])):
        where = check_row(path, number, row)
        try:
            model = msgspec.convert(row, Model)
        except msgspec.ValidationError as error:
            raise CatalogueInvalid(path, where, str(error)) from error
        check_model(path, where, model)
        check_adapter(path, where, model)
        if model.id in found:
            raise CatalogueInvalid(path, where, "the id stands twice")
        found[model.id] = model
    return list(found.values())
