"""What may stand in a caller's fallback order, and what is held for it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.generations.refusals import WantRefused
from domain.generations.wanted import Wanted, fitted, with_fallbacks
from domain.providers.catalogue import Catalogue, Model

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def model(id: str, **values: Any) -> Model:
    return Model(**{"id": id, "kind": "image", "provider": "builtin", "title": "t", "description": "d", "price": 5, **values})


CATALOGUE = Catalogue(
    price_version=1,
    defaults={"image": "first"},
    models=[
        model("first"),
        model("dear", price=8, free_tier=False),
        model("square", sizes=["512x512"]),
        model("closed", provider="vendor"),
        model("old", retires_at=NOW.date()),
        model("speaks", kind="speech"),
    ],
)


def fitting(*fallbacks: str, **params: Any):
    wanted = Wanted(kind="image", prompt="a cat", params=params, fallback_models=list(fallbacks))
    return with_fallbacks(CATALOGUE, wanted, fitted(CATALOGUE, wanted, now=NOW), now=NOW)


def test_the_hold_suffices_for_the_dearest() -> None:
    assert fitting().quoted == 5
    found = fitting("dear", count=2)
    assert (found.model.id, found.quoted, found.rate.amount) == ("first", 16, 5)
    assert not found.free_fallbacks


@pytest.mark.parametrize("fallback", ["closed", "first", "nobody", "old", "speaks", "square"])
def test_a_fallback_that_could_not_make_the_same_is_named(fallback: str) -> None:
    with pytest.raises(WantRefused) as refused:
        fitting("dear", fallback, size="64x64")
    assert refused.value.fields["errors"][0][0] == "/fallback_models/1"
