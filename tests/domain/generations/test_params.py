"""Params are checked against the model, completed with defaults, and refused by JSON pointer."""

import pytest

from domain.generations.params import checked_params, params_schema
from domain.generations.quote import price_of, quote
from domain.generations.refusals import ParamsRefused
from domain.providers.catalogue import Catalogue, Model, ModelNotFound

SKETCH = Model(id="m/1", kind="image", provider="builtin", title="t", description="d", price=5, styles=["ink", "noir"], count_max=3)
FIXED = Model(id="m/2", kind="image", provider="p", title="t", description="d", price=7, sizes=["512x512", "1024x1024"], formats=["png"])
CATALOGUE = Catalogue(price_version=1, models=[SKETCH, FIXED], defaults={"image": "m/1"})


def test_absent_params_get_their_defaults() -> None:
    assert checked_params(SKETCH, {}) == {
        "size": "1024x1024",
        "style": None,
        "count": 1,
        "seed": None,
        "format": "png",
        "negative_prompt": None,
    }


@pytest.mark.parametrize(
    ("model", "params", "pointer"),
    [
        (SKETCH, {"size": "big"}, "/params/size"),
        (SKETCH, {"size": "63x64"}, "/params/size"),
        (SKETCH, {"size": "2049x64"}, "/params/size"),
        (SKETCH, {"size": "64x64\n"}, "/params/size"),
        (SKETCH, {"size": 5}, "/params/size"),
        (SKETCH, {"style": "unheard-of"}, "/params/style"),
        (SKETCH, {"style": ""}, "/params/style"),
        (SKETCH, {"count": 0}, "/params/count"),
        (SKETCH, {"count": 4}, "/params/count"),
        (SKETCH, {"count": True}, "/params/count"),
        (SKETCH, {"count": 1.5}, "/params/count"),
        (SKETCH, {"seed": -1}, "/params/seed"),
        (SKETCH, {"seed": 2**32}, "/params/seed"),
        (SKETCH, {"format": "gif"}, "/params/format"),
        (SKETCH, {"negative_prompt": "x" * 2001}, "/params/negative_prompt"),
        (SKETCH, {"colour": "red"}, "/params/colour"),
        (SKETCH, {"a`/~": 1}, "/params/a`~1~0"),
        (FIXED, {"size": "64x64"}, "/params/size"),
        (FIXED, {"format": "webp"}, "/params/format"),
    ],
)
def test_a_param_that_does_not_fit_is_named(model: Model, params: dict, pointer: str) -> None:
    with pytest.raises(ParamsRefused) as refusal:
        checked_params(model, params)
    assert refusal.value.fields["errors"][0][0] == pointer


def test_the_schema_shows_what_the_model_offers() -> None:
    properties = params_schema(FIXED)["properties"]
    assert properties["size"] == {"enum": ["512x512", "1024x1024"], "default": "512x512"}
    assert properties["format"]["enum"] == ["png"]
    assert params_schema(SKETCH)["properties"]["count"]["maximum"] == 3


def test_what_the_schema_calls_default_is_what_is_filled_in() -> None:
    for model in (SKETCH, FIXED):
        filled = checked_params(model, {})
        assert {name: schema.get("default") for name, schema in params_schema(model)["properties"].items()} == filled


def test_the_quote_is_the_price_of_everything_asked_for() -> None:
    assert quote(SKETCH, {"count": 3}) == 15
    assert price_of(5, {"item": 2}) == 10
    assert price_of(5, {}) == 0


def test_a_kind_has_a_default_model() -> None:
    assert CATALOGUE.model("image", None) is SKETCH
    assert CATALOGUE.model("image", "m/2") is FIXED
    assert CATALOGUE.kinds() == ["image"]


@pytest.mark.parametrize(("kind", "model"), [("image", "m/9"), ("video", None), ("video", "m/1")])
def test_an_unknown_model_is_refused(kind: str, model: str | None) -> None:
    with pytest.raises(ModelNotFound) as refusal:
        CATALOGUE.model(kind, model)
    assert refusal.value.fields["errors"] == [("/model", "no such model for this kind")]
