"""Every row of the catalogue, as its adapter asks for it: with the params that hold when a caller names none, and with all it offers."""

from typing import Any

import msgspec
import pytest

from domain.generations.params import checked_params
from domain.providers.catalogue import Model
from domain.providers.jobs import Job
from infra.catalogue import load_catalogue
from tests.support.providers.case import PICTURE, changed, job_of
from workers.providers.gemini import requests as gemini
from workers.providers.google_video import interactions, operations
from workers.providers.openai_compatible import requests as openai
from workers.providers.openrouter_videos import requests as openrouter_videos
from workers.providers.wire.fields import ratio_of

ROWS = load_catalogue(None, open_providers={"openai-compatible"}).models


def asked(model: Model, job: Job) -> tuple[str, Any]:
    """The path and what is sent there."""
    match model.provider:
        case "gemini":
            return gemini.path_of(job), gemini.asked_of(job)
        case "google-video" if job.adapter.get("protocol") == "interactions":
            return interactions.PATH, interactions.asked_of(job)
        case "google-video":
            return operations.path_of(job), operations.asked_of(job)
        case "openrouter-videos":
            return "/videos", openrouter_videos.asked_of(job, None)
    return openai.path_of(job), openai.asked_of(job, job.params.get("count") or 1)


@pytest.mark.parametrize(
    "model",
    [row for row in ROWS if row.provider in ("gemini", "google-video", "openai", "openai-compatible", "openrouter", "openrouter-videos")],
    ids=lambda model: model.id,
)
def test_a_row_can_be_asked_for_all_that_it_offers(model: Model):
    every = [("size", model.sizes), ("duration", model.durations), ("quality", model.qualities), ("aspect_ratio", model.aspect_ratios)]
    wanted = [{}, *({name: value} for name, values in every for value in values)]
    for params in wanted:
        job = job_of(model.kind, upstream=model.upstream, adapter=model.adapter, params=checked_params(model, params))
        for inputs in {model.inputs_min, model.inputs_max}:
            path, sent = asked(model, changed(job, inputs=[PICTURE] * inputs))
            assert model.upstream in path + str(sent)
            text = msgspec.json.encode(sent.fields if isinstance(sent, openai.Form) else sent).decode()
            assert "a cat" in text
            assert all(str(value) in text for value in params.values() if "size" not in params)


def test_a_size_of_a_row_has_a_ratio_that_its_vendor_knows():
    known = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}
    for model in ROWS:
        if "aspect_ratio" in model.adapter.get("sends", ()) and model.kind == "image":
            for size in model.sizes:
                job = job_of("image", adapter=model.adapter, params={"size": size})
                assert ratio_of(job) in known, (model.id, size)
