"""Outages only delay what a worker has begun."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.kernel.refusals import Unavailable

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_PAUSE_SECONDS = 0.05
PAUSE_SECONDS_MAX = 5.0


async def patiently(what: str, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """Call *act* until it is not refused as Unavailable. Whoever must not wait for ever cancels; a lost lease does."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await act()
        except Unavailable as error:
            logger.warning("%s waits: %s", what, error)
            await asyncio.sleep(pause)
            pause = min(PAUSE_SECONDS_MAX, pause * 2)
