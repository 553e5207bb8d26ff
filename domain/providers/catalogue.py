"""The model catalogue and the price book: what can be asked for, what it costs, which limits it has."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from domain.kernel.refusals import Unprocessable

#: Providers that run inside this installation.
KEYLESS = frozenset({"builtin", "noop"})


#: Providers that are no vendors.
OURS = frozenset({"builtin", "noop"})


#: kind -> what its results may be written as; other kinds have one form.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "image": ("png", "jpeg", "webp"),
    "image_edit": ("png", "jpeg", "webp"),
    "speech": ("mp3", "ogg", "wav"),
}


class ModelNotFound(Unprocessable):
    detail = "There is no model {model!r} for kind {kind!r}. GET /v1/models lists them."
    shown = ("errors",)


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the catalogue. `price` is credits for each started `price_per` of `price_unit`."""

    id: str
    kind: str
    provider: str
    title: str
    description: str
    price: int
    #: What is counted: item, second, token or character.
    price_unit: str = "item"
    #: `price` counts for each started so many units.
    price_per: int = 1
    #: quality -> credits for each unit, over `price`.
    rates: dict[str, int] = {}
    #: The name the provider knows the model by.
    upstream: str = ""
    #: Empty: any size from 64x64 to 2048x2048.
    sizes: list[str] = []
    styles: list[str] = []
    formats: list[str] = msgspec.field(default_factory=lambda: ["png", "jpeg", "webp"])
    count_max: int = 4
    #: Empty lists: whatever the kind's params allow.
    durations: list[int] = []
    qualities: list[str] = []
    aspect_ratios: list[str] = []
    voices: list[str] = []
    max_tokens: int = 4_096
    inputs_min: int = 0
    inputs_max: int = 0
    #: Its jobs are submitted, parked and polled instead of awaited.
    long: bool = False
    #: What follows when nobody knows whether the provider took a job: at_most_once, at_least_once, or look_up where it can be asked.
    on_unknown_submit: str = "at_most_once"
    #: So many of its jobs may be with the provider at once.
    concurrency_max: int | None = None
    #: Submits in any window, such as "20/10": 20 in 10 seconds.
    rate_limit: str | None = None
    on_cancel: str = "free"
    attempts_max: int = 3
    timeout_seconds: int = 180
    free_tier: bool = True
    retires_at: date | None = None
    replacement: str | None = None
    #: Settings of the adapter that are not the caller's business, such as the capability flags of a compatible server.
    adapter: dict[str, Any] = {}

    @property
    def offered_formats(self) -> list[str]:
        """What `format` may be; empty for kinds that have no such param."""
        known = FORMATS.get(self.kind, ())
        return [word for word in self.formats if word in known] or list(known)

    @property
    def repeatable(self) -> bool:
        """Working twice costs nothing, or was chosen: what is made on our own machines, and what may be given twice."""
        return self.provider in OURS or self.on_unknown_submit == "at_least_once"


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All models and the version of the price book they were priced with."""

    price_version: int
    models: list[Model]
    #: kind -> model id used when the caller names none.
    defaults: dict[str, str]
    #: Providers that the installation can call by itself; the models of others need a key of the caller's own.
    open_providers: frozenset[str] = KEYLESS

    def model(self, kind: str, model_id: str | None) -> Model:
        """The model *model_id* of *kind*, or the kind's default.   Raises ModelNotFound."""
        wanted = model_id or self.defaults.get(kind)
        for model in self.models:
            if model.id == wanted and model.kind == kind:
                return model
        raise ModelNotFound(model=wanted or "", kind=kind, errors=[("/model", "no such model for this kind")])

    def kinds(self) -> list[str]:
        return sorted({model.kind for model in self.models})
