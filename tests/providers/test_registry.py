"""Which providers there are, and the one that does nothing."""

from uuid import UUID

from domain.providers.jobs import Job
from domain.providers.vendors import VENDORS, Access, open_providers
from infra.catalogue import load_catalogue
from infra.outgoing.http import PinnedHttp
from workers.providers.noop import NoopProvider
from workers.providers.registry import providers

COMPATIBLE = {"OPENAI_COMPATIBLE": Access(base_url="http://127.0.0.1:1/v1")}


async def test_providers_are_found_by_the_names_of_the_catalogue():
    found = providers(outgoing=PinnedHttp(), vendors=COMPATIBLE)
    assert list(found) == sorted({"builtin", "noop", *(name for vendor in VENDORS for name in vendor.providers)})
    assert {model.provider for model in load_catalogue(None, open_providers={"openai-compatible"}).models} <= set(found)
    for provider in found.values():
        await provider.close()


async def test_without_a_base_url_there_is_no_compatible_provider():
    assert "openai-compatible" not in providers(outgoing=PinnedHttp())


def test_a_vendors_key_opens_all_its_providers_and_a_server_of_ones_own_may_want_none():
    assert open_providers({"GEMINI": Access(api_key="k"), "KIE": Access(base_url="http://127.0.0.1:1")}) == {"gemini", "google-video"}
    assert open_providers(COMPATIBLE) == {"openai-compatible"}
    assert "secret" not in repr(Access(api_key="secret", callback_secret="secret"))


async def test_noop_counts_items_and_makes_nothing():
    job = Job(
        generation_id=UUID(int=1), attempt=1, kind="image", upstream="", prompt="", negative_prompt=None,
        params={"count": 2}, adapter={"sleep_ms": 1}, timeout_seconds=5,
    )  # fmt: skip
    result = await NoopProvider().generate(job)
    assert (result.artefacts, result.usage) == ([], {"item": 2})
