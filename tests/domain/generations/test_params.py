"""Params are checked against the model, completed with defaults, and refused by JSON pointer."""

import jsonschema_rs
import pytest

from domain.generations.kinds.table import KINDS
from domain.generations.params import checked_params, params_schema, private_part
from domain.generations.quote import Rate, quote, rate_of
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
    assert quote(SKETCH, {"count": 3}, "a cat") == 15
    assert rate_of(SKETCH, {}).price_of({"item": 2}) == 10
    assert rate_of(SKETCH, {}).price_of({}) == 0


def model(kind: str, **values: object) -> Model:
    return Model(id=f"m/{kind}", kind=kind, provider="p", title="t", description="d", **{"price": 1, **values})


CLIP = model("video", price=2, price_unit="second", rates={"480p": 2, "1080p": 5}, qualities=["480p", "1080p"], durations=[5, 8])
WRITER = model("text", price_unit="token", price_per=1000, max_tokens=2000)
VOICE = model("speech", price_unit="character", price_per=1000, voices=["alto", "bass"])


def test_a_video_costs_its_seconds_at_the_rate_of_its_quality() -> None:
    params = checked_params(CLIP, {"duration": 8, "quality": "1080p"})
    assert rate_of(CLIP, params) == Rate(5, "second", 1)
    assert quote(CLIP, params, "waves") == 40
    assert rate_of(CLIP, params).price_of({"second": 5, "item": 1}) == 25


def test_a_text_costs_each_started_thousand_tokens_of_question_and_answer() -> None:
    params = checked_params(WRITER, {"max_tokens": 900, "messages": [{"role": "user", "content": "x" * 300}]})
    assert quote(WRITER, params, "") == 1
    assert quote(WRITER, params, "y" * 3) == 2
    assert [rate_of(WRITER, params).price_of({"token": tokens}) for tokens in (0, 1, 1000, 1001)] == [0, 1, 1, 2]


def test_speech_costs_each_started_thousand_characters() -> None:
    params = checked_params(VOICE, {})
    assert params == {"voice": "alto", "format": "mp3", "speed": 1.0}
    assert [quote(VOICE, params, "a" * chars) for chars in (1, 1000, 1001)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("of", "params", "pointer"),
    [
        (CLIP, {"duration": 6}, "/params/duration"),
        (CLIP, {"quality": "720p"}, "/params/quality"),
        (CLIP, {"triggers": ["rain", ""]}, "/params/triggers/1"),
        (CLIP, {"triggers": ["rain"] * 9}, "/params/triggers"),
        (WRITER, {"max_tokens": 2001}, "/params/max_tokens"),
        (WRITER, {"temperature": 2.1}, "/params/temperature"),
        (WRITER, {"messages": [{"role": "robot", "content": "x"}]}, "/params/messages/0/role"),
        (WRITER, {"messages": [{"role": "user", "content": "x", "name": "n"}]}, "/params/messages/0/name"),
        (VOICE, {"voice": "tenor"}, "/params/voice"),
        (VOICE, {"speed": 3}, "/params/speed"),
        (model("image_analysis"), {"schema": {"type": "array"}}, "/params/schema"),
        (model("image_analysis"), {"schema": {"type": "object", "x": "y" * 17_000}}, "/params/schema"),
        (model("image_edit"), {"mask": {"asset_id": "a", "path": "b"}}, "/params/mask/path"),
    ],
)
def test_a_param_of_any_kind_that_does_not_fit_is_named(of: Model, params: dict, pointer: str) -> None:
    with pytest.raises(ParamsRefused) as refusal:
        checked_params(of, params)
    assert refusal.value.fields["errors"][0][0] == pointer


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_the_log_shows_of_the_params_holds_no_words_and_no_fractions(kind: str) -> None:
    params = checked_params(model(kind), {})
    private = private_part(kind, params)
    assert private.keys() == KINDS[kind].private
    assert not any(isinstance(value, float) for name, value in params.items() if name not in private)


def test_a_kind_has_a_default_model() -> None:
    assert CATALOGUE.model("image", None) is SKETCH
    assert CATALOGUE.model("image", "m/2") is FIXED
    assert CATALOGUE.kinds() == ["image"]


@pytest.mark.parametrize(("kind", "model"), [("image", "m/9"), ("video", None), ("video", "m/1")])
def test_an_unknown_model_is_refused(kind: str, model: str | None) -> None:
    with pytest.raises(ModelNotFound) as refusal:
        CATALOGUE.model(kind, model)
    assert refusal.value.fields["errors"] == [("/model", "no such model for this kind")]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    checked = checked_params(SKETCH, {"count": 2.0, "seed": 7.0})
    assert (repr(checked["count"]), repr(checked["seed"])) == ("2", "7")


MASKS = [
    None,
    {},
    {"asset_id": "a"},
    {"url": "https://a.example"},
    {"asset_id": None, "url": "b"},
    {"asset_id": "a", "url": "b"},
    {"url": None},
]


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        ("image", "count", [0, 1, 1.0, 1.5, 4.0, 5, 5.0, True, "1", 1e300]),
        ("image", "seed", [None, 0.0, -0.0, -1.0, 4294967295.0, 4294967296.0]),
        ("video", "duration", [5, 5.0, 5.5, 6]),
        ("image_edit", "mask", MASKS),
        ("image", "size", [f"{side}x64" for side in range(1, 2_200)] + ["64x2048", "64x2049", "064x64", "64x64 ", "64X64"]),
        ("image_edit", "size", [None, "64x64", "63x64", "2048x2048", "2049x2048"]),
        ("image_analysis", "schema", [None, {}, {"type": "object"}, {"type": "array"}, []]),
    ],
)
def test_the_schema_allows_just_what_is_accepted(kind: str, name: str, values: list) -> None:
    holds = jsonschema_rs.validator_for(params_schema(model(kind))).is_valid
    for value in values:
        try:
            checked_params(model(kind), {name: value})
        except ParamsRefused:
            assert not holds({name: value}), value
        else:
            assert holds({name: value}), value


def test_descriptions_are_plain_paragraphs() -> None:
    assert all("\n " not in params_schema(model(kind))["description"] for kind in KINDS)
