"""A row of the catalogue as clients see it."""

from typing import Any

from api.kit.shapes import Count, Query, Shown
from domain.generations.params import params_schema
from domain.generations.quote import Rate
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
    """`params` is a JSON Schema (2020-12). `default`: taken when a request of this kind names no model.

    `own_key`: it runs on your own key at its provider, and `price` is for that. `needs_key`: it runs only on such a key, and you have
    none there yet.
    """

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
    own_key: bool
    needs_key: bool
    retires_at: str | None
    replacement: str | None


class ModelQuery(Query):
    kind: list[str] = []


class Models(Shown):
    """The whole catalogue is one page."""

    data: list[Model]
    next_cursor: None


def shown_model(catalogue: Catalogue, row: Row, own_rate: Rate | None, *, needs_key: bool) -> Model:
    """*own_rate*: what it costs on the caller's own key; None when it does not run on one."""
    rate = own_rate or Rate(row.price, row.price_unit, row.price_per)
    rates = {} if own_rate else row.rates
    return Model(
        id=row.id,
        kind=row.kind,
        provider=row.provider,
        title=row.title,
        description=row.description,
        default=catalogue.defaults.get(row.kind) == row.id,
        price=Price(amount=rate.amount, unit=rate.unit, per=rate.per, rates=rates, price_version=catalogue.price_version),
        params=params_schema(row),
        limits=ModelLimits(
            **{name: getattr(row, name) for name in ModelLimits.__struct_fields__ if name != "formats"}, formats=row.offered_formats
        ),
        on_cancel=row.on_cancel,
        free_tier=row.free_tier or own_rate is not None,
        own_key=own_rate is not None,
        needs_key=needs_key,
        retires_at=None if row.retires_at is None else row.retires_at.isoformat(),
        replacement=row.replacement,
    )
