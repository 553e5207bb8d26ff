"""The model catalogue and the price book: what can be asked for, what it costs, which limits it has."""

from datetime import date
from typing import Any

import msgspec

from domain.kernel.refusals import Unprocessable


class ModelNotFound(Unprocessable):
    detail = "There is no model {model!r} for kind {kind!r}. GET /v1/models lists them."
    shown = ("errors",)


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the catalogue. `price` is credits for each `price_unit` ("item" for images)."""

    id: str
    kind: str
    provider: str
    title: str
    description: str
    price: int
    price_unit: str = "item"
    #: The name the provider knows the model by.
    upstream: str = ""
    #: Empty: any size from 64x64 to 2048x2048.
    sizes: list[str] = []
    styles: list[str] = []
    formats: list[str] = msgspec.field(default_factory=lambda: ["png", "jpeg", "webp"])
    count_max: int = 4
    on_cancel: str = "free"
    attempts_max: int = 3
    timeout_seconds: int = 180
    free_tier: bool = True
    retires_at: date | None = None
    replacement: str | None = None
    #: Settings of the adapter that are not the caller's business, such as the capability flags of a compatible server.
    adapter: dict[str, Any] = {}


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All models and the version of the price book they were priced with."""

    price_version: int
    models: list[Model]
    #: kind -> model id used when the caller names none.
    defaults: dict[str, str]

    def model(self, kind: str, model_id: str | None) -> Model:
        """The model *model_id* of *kind*, or the kind's default.   Raises ModelNotFound."""
        wanted = model_id or self.defaults.get(kind)
        for model in self.models:
            if model.id == wanted and model.kind == kind:
                return model
        raise ModelNotFound(model=wanted or "", kind=kind, errors=[("/model", "no such model for this kind")])

    def kinds(self) -> list[str]:
        return sorted({model.kind for model in self.models})
