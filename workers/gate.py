"""The way to a provider: its window of submits before, and what its answer says about its health after."""

import asyncio
import logging
import time
from uuid import UUID

from domain.dispatch.ports import Limits, ProviderHealth
from domain.kernel.refusals import Unavailable
from domain.providers.catalogue import OURS, Model
from domain.providers.jobs import ProviderFailure
from workers.patience import patiently

logger = logging.getLogger(__name__)

#: These say that the provider is in trouble, and not that a job is.
TROUBLE = frozenset({"overloaded", "provider_error", "rate_limited", "timeout"})
#: The margin of the window covers the way to the provider, not a process that stood still before.
LATE_SECONDS_MAX = 0.3


class Gate:
    """One of each process."""

    def __init__(self, limits: Limits, health: ProviderHealth) -> None:
        self._limits = limits
        self._health = health
        #: Providers that failed last: only their successes are news.
        self._failing: set[str] = set()

    async def turn(self, model: Model, generation_id: UUID) -> None:
        """Wait until the generation may be given to its provider. Models without a window never wait."""
        while model.rate_limit is not None:
            seconds = await patiently("a turn", lambda: self._limits.reserve(generation_id, model.id))
            due = time.monotonic() + seconds
            await asyncio.sleep(seconds)
            if time.monotonic() - due < LATE_SECONDS_MAX:
                return

    async def failed(self, model: Model, failure: ProviderFailure, *, own_key: bool) -> None:
        """A caller's own key may be in trouble by itself."""
        if failure.code not in TROUBLE or own_key or model.provider in OURS:
            return
        self._failing.add(model.provider)
        try:
            if await self._health.failed(model.provider, failure.code):
                logger.warning("provider %s fails again and again (%s): it is left alone for a while", model.provider, failure.code)
        except Unavailable as error:
            logger.warning("a failure of provider %s is not counted: %s", model.provider, error)

    async def worked(self, model: Model) -> None:
        if model.provider in self._failing:
            try:
                await self._health.succeeded(model.provider)
                self._failing.discard(model.provider)
            except Unavailable as error:
                logger.warning("provider %s works again, which is not noted: %s", model.provider, error)

    async def look(self) -> None:
        """What other processes found out."""
        self._failing = await self._health.failing()
