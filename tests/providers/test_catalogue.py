"""The catalogue files: what the built-in one offers, how an extra file changes it, and which mistakes are named."""

from datetime import date
from pathlib import Path

import pytest

from domain.generations.params import checked_params, params_schema
from domain.generations.refusals import ParamsRefused
from domain.providers.catalogue import KEYLESS, ModelNotFound
from domain.providers.vendors import VENDORS
from infra.catalogue import CatalogueInvalid, load_catalogue

BENCH = """
[[models]]
id = "bench/noop"
kind = "image"
provider = "noop"
title = "No-op"
description = "Sleeps."
price = 5
adapter = { sleep_ms = 20 }
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "extra.toml"
    path.write_text(text)
    return path


PRICE_BOOK_ONE = {
    "image": (5, "item", 1), "image_analysis": (2, "item", 1), "image_edit": (6, "item", 1), "speech": (1, "character", 1_000),
    "text": (1, "token", 1_000),
}  # fmt: skip
PER_SECOND = {"480p": 2, "720p": 3, "1080p": 5}


def test_every_row_has_the_prices_of_price_book_one():
    catalogue = load_catalogue(None, open_providers={"openai-compatible"})
    assert catalogue.price_version == 1
    for model in catalogue.models:
        if model.kind != "video":
            assert (model.price, model.price_unit, model.price_per) == PRICE_BOOK_ONE[model.kind], model.id
        elif model.rates:
            assert (model.price_unit, model.rates) == ("second", {word: PER_SECOND[word] for word in model.qualities}), model.id


def test_without_settings_the_built_in_models_are_the_usual_ones_and_only_they_run():
    catalogue = load_catalogue(None)
    assert catalogue.model("image", None).id == "builtin/sketch-1"
    assert {catalogue.model(kind, None).provider for kind in catalogue.defaults} == {"builtin"}
    assert catalogue.open_providers == {"builtin", "noop"}


def test_the_compatible_models_appear_with_their_base_url():
    offered = {model.provider for model in load_catalogue(None).models}
    assert "openai-compatible" not in offered
    assert {model.provider for model in load_catalogue(None, open_providers={"openai-compatible"}).models} == offered | {
        "openai-compatible"
    }


def test_formats_are_those_of_the_kind():
    models = {model.id: model for model in load_catalogue(None).models}
    assert models["elevenlabs/multilingual-2"].offered_formats == ["mp3", "wav"]
    assert models["builtin/voice-1"].offered_formats == ["mp3", "ogg", "wav"]
    assert models["builtin/sketch-1"].offered_formats == ["png", "jpeg", "webp"]
    assert models["kie/runway"].offered_formats == []
    assert checked_params(models["elevenlabs/multilingual-2"], {})["format"] == "mp3"
    assert params_schema(models["elevenlabs/multilingual-2"])["properties"]["format"]["enum"] == ["mp3", "wav"]
    with pytest.raises(ParamsRefused):
        checked_params(models["elevenlabs/multilingual-2"], {"format": "ogg"})


def test_every_provider_of_a_row_has_a_vendor_or_runs_here():
    known = {provider for vendor in VENDORS for provider in vendor.providers} | KEYLESS
    assert {model.provider for model in load_catalogue(None, open_providers={"openai-compatible"}).models} <= known


def test_what_costs_us_money_is_not_paid_with_welcome_credits():
    assert {model.id for model in load_catalogue(None).models if model.free_tier and model.provider not in KEYLESS} == set()


def test_a_model_is_not_found_under_another_kind():
    with pytest.raises(ModelNotFound):
        load_catalogue(None).model("text", "builtin/sketch-1")


def test_an_extra_file_adds_models_and_keeps_the_built_in_ones(tmp_path: Path):
    catalogue = load_catalogue(write(tmp_path, BENCH))
    assert [model.id for model in catalogue.models] == sorted(["bench/noop", *(model.id for model in load_catalogue(None).models)])
    assert catalogue.model("image", "bench/noop").adapter == {"sleep_ms": 20}


def test_an_extra_file_replaces_a_row_the_defaults_and_the_price_version(tmp_path: Path):
    replaced = BENCH.replace("bench/noop", "builtin/sketch-1").replace("price = 5", "price = 7")
    catalogue = load_catalogue(write(tmp_path, "price_version = 2\n" + replaced))
    assert catalogue.price_version == 2
    assert [model.price for model in catalogue.models if model.id == "builtin/sketch-1"] == [7]
    catalogue = load_catalogue(write(tmp_path, '[defaults]\nimage = "bench/noop"\n' + BENCH))
    assert catalogue.model("image", None).id == "bench/noop"


def test_a_retirement_date_is_read(tmp_path: Path):
    row = BENCH + 'retires_at = 2027-01-31\nreplacement = "builtin/sketch-1"\n'
    row = row.replace("adapter = { sleep_ms = 20 }\n", "")
    assert load_catalogue(write(tmp_path, row)).model("image", "bench/noop").retires_at == date(2027, 1, 31)


MISTAKES = {
    "an unknown key": (BENCH + "colour = 1\n", "models 'bench/noop'.colour"),
    "an unknown table": ("[prices]\nimage = 5\n", "prices"),
    "a bad price": (BENCH.replace("price = 5", "price = -1"), "models 'bench/noop'.price"),
    "a price of another type": (BENCH.replace("price = 5", 'price = "5"'), "models 'bench/noop'"),
    "a missing field": (BENCH.replace('title = "No-op"\n', ""), "models 'bench/noop'"),
    "an unknown kind": (BENCH.replace('kind = "image"', 'kind = "smell"'), "models 'bench/noop'.kind"),
    "a size over the limit": (BENCH + 'sizes = ["4096x4096"]\n', "models 'bench/noop'.sizes"),
    "an unknown format": (BENCH + 'formats = ["gif"]\n', "models 'bench/noop'.formats"),
    "a format of another kind": (BENCH + 'formats = ["mp3"]\n', "models 'bench/noop'.formats"),
    "no format at all": (BENCH + "formats = []\n", "models 'bench/noop'.formats"),
    "more items than the limit": (BENCH + "count_max = 9\n", "models 'bench/noop'.count_max"),
    "a bad id": (BENCH.replace("bench/noop", "Bench Noop"), "models 'Bench Noop'.id"),
    "the same id twice": (BENCH + BENCH, "models 'bench/noop'"),
    "a default that is not there": ('[defaults]\nimage = "gone/model"\n', "defaults.image"),
    "a replacement that is not there": (BENCH + 'replacement = "gone/model"\n', "models 'bench/noop'.replacement"),
    "a price version of zero": ("price_version = 0\n", "price_version"),
    "models that are no array": ("[models]\nid = 1\n", "models"),
}


COMPATIBLE = BENCH.replace('"noop"', '"openai-compatible"')
MISTAKES |= {
    "a pause that is no number": (BENCH.replace("20", '"20"'), "models 'bench/noop'.adapter.sleep_ms"),
    "an unknown flag": (COMPATIBLE, "models 'bench/noop'.adapter.sleep_ms"),
    "an unknown endpoint": (COMPATIBLE.replace("sleep_ms = 20", 'endpoint = "video"'), "models 'bench/noop'.adapter.endpoint"),
    "a field that cannot be sent": (COMPATIBLE.replace("sleep_ms = 20", 'sends = ["style"]'), "models 'bench/noop'.adapter.sends"),
    "a body that is no table": (COMPATIBLE.replace("sleep_ms = 20", "body = 1"), "models 'bench/noop'.adapter.body"),
}


def of(provider: str, adapter: str) -> str:
    return BENCH.replace('"noop"', f'"{provider}"').replace("{ sleep_ms = 20 }", adapter)


ADAPTER = "models 'bench/noop'.adapter."
MISTAKES |= {
    "a body for a form that is no table": (of("stability", "{ body = 1 }"), ADAPTER + "body"),
    "a field that nobody is told": (of("fal", '{ fields = { colour = "colour" } }'), ADAPTER + "fields"),
    "a field without a name": (of("fal", '{ fields = { prompt = "" } }'), ADAPTER + "fields"),
    "a field with two parts that has one": (of("fal", '{ fields = { seed = "seed{}" } }'), ADAPTER + "fields"),
    "a template for two values": (of("replicate", '{ shown = { duration = "{}{}" } }'), ADAPTER + "shown"),
    "a template that formats": (of("replicate", '{ shown = { duration = "{0.__class__}{}" } }'), ADAPTER + "shown"),
    "a voice that is no text": (of("elevenlabs", "{ voices = { calm = 5 } }"), ADAPTER + "voices"),
    "an unknown flag of a vendor": (of("kie-runway", '{ fields = { prompt = "prompt" } }'), ADAPTER + "fields"),
    "a flag of texts": (of("openai", '{ streams = "no" }'), ADAPTER + "streams"),
    "a limit of tokens under another name": (of("openrouter", '{ tokens = "limit" }'), ADAPTER + "tokens"),
    "a way to ask for schemas that nobody knows": (of("openai-compatible", '{ schema = "yaml" }'), ADAPTER + "schema"),
    "a protocol that Google does not speak": (of("google-video", '{ protocol = "vertex" }'), ADAPTER + "protocol"),
    "a size that Gemini does not draw": (of("gemini", '{ image_size = "1k" }'), ADAPTER + "image_size"),
    "a threshold that Gemini does not know": (of("gemini", '{ safety = "none" }'), ADAPTER + "safety"),
    "a way of delivery that Google does not have": (of("google-video", '{ delivery = "post" }'), ADAPTER + "delivery"),
    "words that are no table": (of("fal", '{ words = { format = "jpg" } }'), ADAPTER + "words"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_and_key(tmp_path: Path, mistake: str):
    text, key = MISTAKES[mistake]
    path = write(tmp_path, text)
    with pytest.raises(CatalogueInvalid) as refusal:
        load_catalogue(path, open_providers={"openai-compatible"})
    assert refusal.value.key == key
    assert str(path) in str(refusal.value) and key in str(refusal.value)


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path):
    with pytest.raises(CatalogueInvalid, match=r"absent\.toml.*cannot be read"):
        load_catalogue(tmp_path / "absent.toml")
    with pytest.raises(CatalogueInvalid, match="is not TOML"):
        load_catalogue(write(tmp_path, "[["))


def test_a_compatible_model_without_a_base_url_is_a_mistake(tmp_path: Path):
    path = write(tmp_path, COMPATIBLE.replace("sleep_ms = 20", 'endpoint = "images"'))
    with pytest.raises(CatalogueInvalid, match="OPENAI_COMPATIBLE_BASE_URL"):
        load_catalogue(path)
    assert load_catalogue(path, open_providers={"openai-compatible"}).model("image", "bench/noop")


def test_the_rows_that_the_documentation_shows_are_rows(tmp_path: Path):
    shown = Path("docs/providers.md").read_text().split("```toml\n")
    rows = [text.split("```")[0] for text in shown[1:] if text.startswith("[[models]]")]
    catalogue = load_catalogue(write(tmp_path, "\n".join(rows)), open_providers={"openai-compatible"})
    assert len([model for model in catalogue.models if model.id.startswith(("localai/", "ollama/"))]) == 3
