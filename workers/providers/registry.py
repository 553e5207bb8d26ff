"""Every provider by its name in the catalogue."""

import asyncio

from domain.ports import Outgoing, Provider
from workers.providers.noop import NoopProvider
from workers.providers.openai_compatible.provider import OpenAICompatibleProvider
from workers.providers.sketch.provider import RunInChild, SketchProvider


def providers(
    run_in_child: RunInChild = asyncio.to_thread,
    *,
    outgoing: Outgoing,
    openai_base_url: str | None = None,
    openai_api_key: str | None = None,
) -> dict[str, Provider]:
    """The adapters, alphabetically. `openai-compatible` is there only with its base URL, as in the catalogue.

    *run_in_child* runs a pure, picklable function in a child process; *outgoing* fetches what a provider's answer links to.
    """
    found: dict[str, Provider] = {
        "builtin": SketchProvider(run_in_child),
        "noop": NoopProvider(),
    }
    if openai_base_url:
        found["openai-compatible"] = OpenAICompatibleProvider(base_url=openai_base_url, api_key=openai_api_key, outgoing=outgoing)
    return dict(sorted(found.items()))
