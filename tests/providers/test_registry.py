"""Which providers there are, and the one that does nothing."""

from uuid import UUID

from domain.providers.jobs import Job
from infra.catalogue import load_catalogue
from infra.outgoing.http import PinnedHttp
from workers.providers.noop import NoopProvider
from workers.providers.registry import providers


async def test_providers_are_found_by_the_names_of_the_catalogue():
    found = providers(outgoing=PinnedHttp(), openai_base_url="http://127.0.0.1:1/v1", openai_api_key="k")
    assert list(found) == ["builtin", "noop", "openai-compatible"]
    assert {model.provider for model in load_catalogue(None, openai_compatible=True).models} <= set(found)
    for provider in found.values():
        await provider.close()


async def test_without_a_base_url_there_is_no_compatible_provider():
    assert list(providers(outgoing=PinnedHttp())) == ["builtin", "noop"]


async def test_noop_counts_items_and_makes_nothing():
    job = Job(
        generation_id=UUID(int=1), attempt=1, kind="image", upstream="", prompt="", negative_prompt=None,
        params={"count": 2}, adapter={"sleep_ms": 1}, timeout_seconds=5,
    )  # fmt: skip
    result = await NoopProvider().generate(job)
    assert (result.artefacts, result.usage) == ([], {"item": 2})
