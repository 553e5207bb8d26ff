"""What can be asked for in the simulation: a model for each way in which product code treats a provider."""

from domain.providers.catalogue import Catalogue, Model

_AWAITED = {"title": "", "description": "", "kind": "image", "timeout_seconds": 12}
_PARKED = {
    "title": "",
    "description": "",
    "kind": "video",
    "long": True,
    "price_unit": "second",
    "timeout_seconds": 30,
    "durations": [2, 5],
}

MODELS = [
    Model(id="ours", upstream="ours", provider="noop", price=1, on_cancel="full", on_unknown_submit="at_least_once", **_AWAITED),
    Model(id="once", upstream="once", provider="vendor-a", price=3, on_cancel="full", **_AWAITED),
    Model(
        id="again",
        upstream="again",
        attempts_max=2,
        provider="vendor-a",
        price=2,
        on_unknown_submit="at_least_once",
        on_cancel="delivered",
        **_AWAITED,
    ),
    Model(id="clip-once", upstream="clip-once", provider="vendor-b", price=1, **_PARKED),
    Model(id="clip-asked", upstream="clip-asked", provider="vendor-c", price=2, on_unknown_submit="look_up", **_PARKED),
    Model(
        id="clip-again",
        upstream="clip-again",
        attempts_max=2,
        provider="vendor-c",
        price=1,
        on_unknown_submit="at_least_once",
        concurrency_max=1,
        on_cancel="full",
        **_PARKED,
    ),
]
CATALOGUE = Catalogue(
    price_version=1,
    models=MODELS,
    defaults={"image": "ours", "video": "clip-once"},
    open_providers=frozenset({"noop", "vendor-a", "vendor-b", "vendor-c"}),
)
BY_ID = {model.id: model for model in MODELS}
