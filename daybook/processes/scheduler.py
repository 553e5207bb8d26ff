"""The scheduler: what becomes due by the clock."""

import asyncio

from daybook.bootstrap import worker_platform
from daybook.processes.run import Ready
from daybook.settings import Settings
from workers.scheduler import Scheduler


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Until *stop*. Its commands are fixed by their causes, so that it may end anywhere."""
    async with worker_platform(settings, "scheduler") as platform:
        scheduler = Scheduler(platform)
        ready()
        await scheduler.run(stop)
