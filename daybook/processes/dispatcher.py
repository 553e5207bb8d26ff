"""The dispatcher: rings for what can be claimed, reaps, makes retries claimable."""

import asyncio

from daybook.bootstrap import worker_platform
from daybook.processes.run import Ready
from daybook.settings import Settings
from workers.dispatcher import Dispatcher


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Until *stop*. There is nothing to drain: what it did not do, the next one does."""
    async with worker_platform(settings, "dispatcher") as platform:
        dispatcher = Dispatcher(platform)
        ready()
        await dispatcher.run(stop)
