"""Waiting for a tail."""

import asyncio
from contextlib import suppress

from infra.journal.tail import LogTail


async def reached(tail: LogTail, position: int, seconds: float) -> bool:
    """Whether *tail* has seen *position* within *seconds*."""
    # It hurries for whoever follows.
    async with tail.follow():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while tail.position < position:
                    await asyncio.sleep(0.001)
    return tail.position >= position
