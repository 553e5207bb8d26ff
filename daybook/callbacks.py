"""Providers that call us back: where they may, and whether they are believed."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from daybook.settings import Settings
from domain.ports import LongProvider, Provider

logger = logging.getLogger(__name__)

#: Providers do not wait long for an answer to a callback.
PREPARE_SECONDS = 5


@runtime_checkable
class Preparing(Protocol):
    """An adapter that first has to read something, such as the keys that callbacks are signed with."""

    async def prepare(self) -> None: ...


class AdapterHearing:
    """Implements `domain.dispatch.ports.Hearing` by the adapters themselves, which are loaded when the first callback comes."""

    def __init__(self, make: Callable[[], Mapping[str, Provider | LongProvider]]) -> None:
        self._make = make
        self._adapters: Mapping[str, Provider | LongProvider] | None = None

    async def believed(self, provider: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        if self._adapters is None:
            self._adapters = await asyncio.to_thread(self._make)
        adapter: object = self._adapters.get(provider)
        try:
            if isinstance(adapter, Preparing):
                async with asyncio.timeout(PREPARE_SECONDS):
                    await adapter.prepare()
            return isinstance(adapter, LongProvider) and adapter.heard(headers, body, now=now)
        except Exception:
            # Anybody may have sent it, in any form.
            logger.exception("a callback of %s cannot be read", provider)
            return False

    async def close(self) -> None:
        for adapter in (self._adapters or {}).values():
            await adapter.close()


def callback_base(settings: Settings) -> str | None:
    """The public URL when a provider can reach it: https, or a place that is allowed for tests and demonstrations. None: we only look."""
    parts = urlsplit(settings.public_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return settings.public_url if parts.scheme == "https" or f"{parts.hostname}:{port}" in settings.outgoing_allow else None
