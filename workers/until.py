"""Doing something over and over until the process is told to stop."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


async def until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run *work*, which must bear to be cancelled anywhere, until it ends or *stop* is set. Raises what it raises."""
    task = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if task.done():
            task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
