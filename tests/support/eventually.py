"""Waiting for a condition instead of for a time."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_SECONDS = 20.0


async def eventually(holds: Callable[[], bool]) -> None:
    """Raises TimeoutError when it does not come true."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError
        await asyncio.sleep(0.005)
