"""Who sells generations: which of the catalogue's providers one key opens, and how this installation reaches it."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec


class Vendor(NamedTuple):
    """`word` begins its settings: `<WORD>_API_KEY`, `<WORD>_BASE_URL` and, when it signs callbacks by a secret, `<WORD>_CALLBACK_SECRET`.

    `required`: without a base URL of its own it does not exist. `published_keys`: it signs callbacks by keys that it publishes, at
    `<WORD>_JWKS_URL`.
    """

    word: str
    title: str
    providers: tuple[str, ...]
    callbacks: bool = False
    required: bool = False
    published_keys: bool = False


#: Alphabetical.
VENDORS = (
    Vendor("ELEVENLABS", "ElevenLabs", ("elevenlabs",)),
    Vendor("FAL", "fal", ("fal",), published_keys=True),
    Vendor("GEMINI", "Google Gemini", ("gemini", "google-video")),
    Vendor("KIE", "KIE.ai", ("kie-runway", "kie-veo"), callbacks=True),
    Vendor("OPENAI", "OpenAI", ("openai",)),
    Vendor("OPENAI_COMPATIBLE", "a server that speaks OpenAI's wire format", ("openai-compatible",), required=True),
    Vendor("OPENROUTER", "OpenRouter", ("openrouter", "openrouter-videos"), callbacks=True),
    Vendor("REPLICATE", "Replicate", ("replicate",), callbacks=True),
    Vendor("STABILITY", "Stability AI", ("stability",)),
)


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How this installation reaches a vendor. `base_url` None: the vendor's own."""

    base_url: str | None = None
    api_key: str | None = None
    callback_secret: str | None = None
    jwks_url: str | None = None

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Access({self.base_url or 'the vendor'}, {'with' if self.api_key else 'without'} a key)"


def open_providers(access: Mapping[str, Access]) -> frozenset[str]:
    """Providers that the installation can call without a caller's own key; *access* by the vendor's word.

    A server of one's own may want no key.
    """
    return frozenset(
        provider
        for vendor in VENDORS
        for provider in vendor.providers
        if (found := access.get(vendor.word)) and (found.api_key or (vendor.required and found.base_url))
    )


def own_key_providers(access: Mapping[str, Access]) -> frozenset[str]:
    """Providers where a caller's own key counts: all vendors, and a server of one's own only if it asks the installation for a key.

    One that asks nobody would take any word for a key, and be somebody else's machine at the price of an own key.
    """
    return frozenset(
        provider
        for vendor in VENDORS
        for provider in vendor.providers
        if not vendor.required or ((found := access.get(vendor.word)) and found.api_key)
    )
