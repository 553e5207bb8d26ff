"""Every kind has a built-in model, and the catalogue says of each what it is and can do."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from uuid import UUID

import pytest
from PIL import Image

from domain.generations.kinds.table import KINDS
from domain.generations.params import checked_params
from domain.providers.catalogue import Model
from domain.providers.jobs import Input, Job, ProviderFailure
from infra.catalogue import CatalogueInvalid, load_catalogue
from workers.providers.builtin.provider import BuiltinProvider
from workers.providers.clip.motifs import MOTIFS
from workers.providers.clip.plan import ASPECT_RATIOS, QUALITIES
from workers.providers.clip.provider import SECONDS_MAX
from workers.providers.retouch.table import STYLES

BUILTIN = {model.kind: model for model in load_catalogue(None).models if model.provider == "builtin"}


def png() -> Input:
    out = BytesIO()
    Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(out, "PNG")
    return Input(data=out.getvalue(), content_type="image/png")


def job(model: Model, **params: object) -> Job:
    """As the worker makes it: all params of the kind, the usual ones filled in."""
    return Job(
        generation_id=UUID(int=1), attempt=1, kind=model.kind, upstream=model.upstream, prompt="It rains. The sea roars.",
        negative_prompt=None, params=checked_params(model, params), adapter={}, timeout_seconds=60, inputs=[png()] * model.inputs_min,
    )  # fmt: skip


SMALL = {"image": {"size": "64x64"}, "video": {"quality": "480p", "aspect_ratio": "1:1"}}


def test_every_kind_has_a_usual_model_that_needs_no_key():
    catalogue = load_catalogue(None)
    assert set(BUILTIN) == set(KINDS) == set(catalogue.defaults)
    assert {kind: catalogue.model(kind, None).id for kind in KINDS} == {kind: model.id for kind, model in BUILTIN.items()}


@pytest.mark.parametrize("kind", BUILTIN)
def test_every_description_says_that_nothing_was_trained(kind: str):
    said = BUILTIN[kind].description.lower()
    assert "not a trained model" in said or "no trained model" in said or "not a language model" in said
    assert "needs no key and no network" in said


@pytest.mark.parametrize("kind", sorted(set(BUILTIN) - {"video"}))
async def test_the_provider_makes_every_kind_with_its_usual_params(kind: str):
    model = BUILTIN[kind]
    result = await BuiltinProvider().generate(job(model, **SMALL.get(kind, {})))
    assert result.artefacts or result.output["text"]
    assert result.usage[model.price_unit] >= 1
    assert result.usage[model.price_unit] <= KINDS[kind].most(checked_params(model, {}), 60)


async def test_the_same_is_made_in_a_child_process():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        in_child = partial(asyncio.get_running_loop().run_in_executor, pool)
        for kind in ("image_edit", "image_analysis"):
            there, here = [await BuiltinProvider(run).generate(job(BUILTIN[kind])) for run in (in_child, asyncio.to_thread)]
            assert there == here
        with pytest.raises(ProviderFailure) as failure:
            await BuiltinProvider(in_child).generate(job(BUILTIN["image_analysis"], schema={"type": "object", "anyOf": []}))
    assert failure.value.code == "invalid_request" and "'anyOf'" in failure.value.message


async def test_a_kind_it_does_not_know_is_a_definite_no():
    with pytest.raises(ProviderFailure) as failure:
        await BuiltinProvider().generate(Job(**{**{f: getattr(job(BUILTIN["text"]), f) for f in Job.__struct_fields__}, "kind": "smell"}))
    assert failure.value.code == "invalid_request"


def test_the_catalogue_offers_what_the_makers_can_do():
    assert BUILTIN["image_edit"].styles == sorted(STYLES)
    clip = BUILTIN["video"]
    assert (set(clip.qualities), set(clip.aspect_ratios)) == (set(QUALITIES), set(ASPECT_RATIOS)) and max(clip.durations) <= SECONDS_MAX
    assert all(motif in clip.description for motif in MOTIFS)


def test_a_wrong_delay_is_refused_when_the_catalogue_is_read(tmp_path):
    extra = tmp_path / "extra.toml"
    row = 'id = "x/slow"\nkind = "text"\nprovider = "builtin"\ntitle = "t"\ndescription = "d"\nprice = 1\n'
    extra.write_text(f"[[models]]\n{row}adapter = {{ delay_ms = 20 }}\n")
    assert load_catalogue(extra).model("text", "x/slow").adapter == {"delay_ms": 20}
    extra.write_text(f"[[models]]\n{row}adapter = {{ delay_ms = -1 }}\n")
    with pytest.raises(CatalogueInvalid, match="delay_ms"):
        load_catalogue(extra)
