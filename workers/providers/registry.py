"""Every provider by its name in the catalogue."""

import asyncio
from collections.abc import Sequence

from domain.ports import Provider
from workers.providers.fetch import Fetcher
from workers.providers.noop import NoopProvider
from workers.providers.openai_compatible.provider import OpenAICompatibleProvider
from workers.providers.sketch.provider import RunInChild, SketchProvider


def providers(
    run_in_child: RunInChild = asyncio.to_thread,
    *,
    openai_base_url: str | None = None,
    openai_api_key: str | None = None,
    outgoing_allow: Sequence[str] = (),
) -> dict[str, Provider]:
    """The adapters, alphabetically. `openai-compatible` is there only with its base URL, as in the catalogue.

    *run_in_child* runs a pure, picklable function in a child process; *outgoing_allow* are `host:port` that downloads may reach
    although they are not public.
    """
    found: dict[str, Provider] = {
        "builtin": SketchProvider(run_in_child),
        "noop": NoopProvider(),
    }
    if openai_base_url:
        fetcher = Fetcher(allow=outgoing_allow)
        found["openai-compatible"] = OpenAICompatibleProvider(base_url=openai_base_url, api_key=openai_api_key, fetcher=fetcher)
    return dict(sorted(found.items()))
