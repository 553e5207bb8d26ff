"""A row of the catalogue as clients see it."""

from typing import Any

from api.kit.shapes import Count, Query, Shown
from domain.generations.params import params_schema
from domain.providers.catalogue import Catalogue
from domain.providers.catalogue import Model as Row


class Price(Shown):
    """`amount` whole credits for each started `per` of `unit`; `rates` by quality over it."""

    amount: Count
    unit: str
    per: Count
    rates: dict[str, int]
    price_version: Count


class ModelLimits(Shown):
    """Empty lists: whatever the params' schema allows. `inputs_min` and `inputs_max`: how many inputs it takes."""

    count_max: Count
    sizes: list[str]
    styles: list[str]
    formats: list[str]
    durations: list[int]
    qualities: list[str]
    aspect_ratios: list[str]
    voices: list[str]
    max_tokens: Count
    inputs_min: Count
    inputs_max: Count


class Model(Shown):
    """`params` is a JSON Schema (2020-12). `default`: taken when a request of this kind names no model."""

    id: str
    kind: str
    provider: str
    title: str
    description: str
    default: bool
    price: Price
    params: dict[str, Any]
    limits: ModelLimits
    on_cancel: str
    free_tier: bool
    retires_at: str | None
    replacement: str | None


class ModelQuery(Query):
    kind: list[str] = []


class Models(Shown):
    """The whole catalogue is one page."""

    data: list[Model]
    next_cursor: None


def shown_model(catalogue: Catalogue, row: Row) -> Model:
    return Model(
        id=row.id,
        kind=row.kind,
        provider=row.provider,
        title=row.title,
        description=row.description,
        default=catalogue.defaults.get(row.kind) == row.id,
        price=Price(amount=row.price, unit=row.price_unit, per=row.price_per, rates=row.rates, price_version=catalogue.price_version),
        params=params_schema(row),
        limits=ModelLimits(**{name: getattr(row, name) for name in ModelLimits.__struct_fields__}),
        on_cancel=row.on_cancel,
        free_tier=row.free_tier,
        retires_at=None if row.retires_at is None else row.retires_at.isoformat(),
        replacement=row.replacement,
    )
