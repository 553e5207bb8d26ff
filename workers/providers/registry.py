"""Every provider by its name in the catalogue."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from domain.ports import LongProvider, Outgoing, Provider
from domain.providers.vendors import VENDORS, Access
from workers.providers.builtin.provider import BuiltinProvider
from workers.providers.elevenlabs.provider import ElevenLabsProvider
from workers.providers.fal.provider import FalProvider
from workers.providers.gemini.provider import GeminiProvider
from workers.providers.google_video.provider import GoogleVideoProvider
from workers.providers.kie_runway.provider import KieRunwayProvider
from workers.providers.kie_veo.provider import KieVeoProvider
from workers.providers.noop import NoopProvider
from workers.providers.openai_compatible.provider import OpenAICompatibleProvider
from workers.providers.openrouter_videos.provider import OpenRouterVideosProvider
from workers.providers.replicate.provider import ReplicateProvider
from workers.providers.sketch.provider import RunInChild
from workers.providers.stability.provider import StabilityProvider

#: Name in the catalogue -> its adapter, called with `outgoing` and what of `Access` is set. Alphabetical.
ADAPTERS: Mapping[str, Callable[..., Provider | LongProvider]] = {
    "elevenlabs": ElevenLabsProvider,
    "fal": FalProvider,
    "gemini": GeminiProvider,
    "google-video": GoogleVideoProvider,
    "kie-runway": KieRunwayProvider,
    "kie-veo": KieVeoProvider,
    "openai": partial(OpenAICompatibleProvider, base_url="https://api.openai.com/v1", api_key=None),
    "openai-compatible": partial(OpenAICompatibleProvider, api_key=None),
    "openrouter": partial(OpenAICompatibleProvider, base_url="https://openrouter.ai/api/v1", api_key=None),
    "openrouter-videos": OpenRouterVideosProvider,
    "replicate": ReplicateProvider,
    "stability": StabilityProvider,
}
#: Those whose callbacks are signed by a secret of ours.
SIGNED = frozenset({"kie-runway", "kie-veo", "openrouter-videos", "replicate"})


def providers(
    run_in_child: RunInChild = asyncio.to_thread, *, outgoing: Outgoing, vendors: Mapping[str, Access] | None = None
) -> dict[str, Provider | LongProvider]:
    """The adapters, alphabetically. *vendors*: how the installation reaches them, by the vendor's word.

    A vendor without a key is there all the same: callers bring keys of their own. *run_in_child* runs a pure, picklable function in
    a child process; *outgoing* fetches what a provider's answer links to.
    """
    found: dict[str, Provider | LongProvider] = {"builtin": BuiltinProvider(run_in_child), "noop": NoopProvider()}
    for vendor in VENDORS:
        access = (vendors or {}).get(vendor.word, Access())
        if vendor.required and not access.base_url:
            continue
        for name in vendor.providers:
            if name in ADAPTERS:
                found[name] = ADAPTERS[name](outgoing=outgoing, **_set(access, signed=name in SIGNED))
    return dict(sorted(found.items()))


def _set(access: Access, *, signed: bool) -> dict[str, Any]:
    """What is not set is left to the adapter."""
    given = {"base_url": access.base_url, "api_key": access.api_key, "jwks_url": access.jwks_url}
    given |= {"callback_secret": access.callback_secret} if signed else {}
    return {name: value for name, value in given.items() if value is not None}
