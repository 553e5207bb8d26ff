"""Against the vendors themselves: one small job each, where the environment has a key. It costs money."""

import asyncio
import os
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from domain.generations.params import checked_params
from domain.ports import LongProvider
from domain.providers.catalogue import Model
from domain.providers.jobs import Input, Job, Result
from domain.providers.vendors import VENDORS, Access
from infra.catalogue.loader import load_catalogue
from infra.media.magic import HEAD_BYTES, content_type_of
from infra.outgoing.http import PinnedHttp
from workers.providers.registry import providers

WORDS = {provider: vendor.word for vendor in VENDORS for provider in vendor.providers}


def rows() -> dict[str, Model]:
    """The cheapest model of each vendor's provider for each kind, of those that are not to retire."""
    offered = [model for model in load_catalogue(None).models if model.provider in WORDS and model.retires_at is None]
    offered.sort(key=lambda model: model.price, reverse=True)
    return {f"{model.provider}, {model.kind}": model for model in offered}


ROWS = rows()


def picture() -> Input:
    """Something to look at and to change."""
    file = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "PNG")
    return Input(data=file.getvalue(), content_type="image/png")


@pytest.mark.parametrize("row", sorted(ROWS))
async def test_a_vendor_makes_something(row: str):
    model = ROWS[row]
    word = WORDS[model.provider]
    key = os.environ.get(f"{word}_API_KEY")
    if not key:
        pytest.skip(f"needs {word}_API_KEY of a real account, and costs money")
    adapters = providers(outgoing=PinnedHttp(), vendors={word: Access(api_key=key)})
    job = Job(
        generation_id=uuid4(),
        attempt=1,
        kind=model.kind,
        upstream=model.upstream,
        prompt="a red paper boat on a calm lake",
        negative_prompt=None,
        params=checked_params(model, {}),
        adapter=model.adapter,
        timeout_seconds=model.timeout_seconds,
        inputs=[picture()] * model.inputs_min,
    )
    adapter = adapters[model.provider]
    try:
        result = await (_parked(adapter, job) if isinstance(adapter, LongProvider) else adapter.generate(job))
    finally:
        for each in adapters.values():
            await each.close()
    assert result.usage[model.price_unit] > 0
    if model.kind in ("image_analysis", "text"):
        assert result.output["text"]
    else:
        made = {"speech": "audio/", "video": "video/"}.get(model.kind, "image/")
        assert content_type_of(result.artefacts[0].data[:HEAD_BYTES]).startswith(made)


async def _parked(adapter: LongProvider, job: Job) -> Result:
    async with asyncio.timeout(job.timeout_seconds):
        parked = await adapter.submit(job, None)
        while not isinstance(found := await adapter.poll(job, parked), Result):
            await asyncio.sleep(found.poll_seconds or parked.poll_seconds)
        return found
