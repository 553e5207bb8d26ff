"""The scheduler: what becomes due by the clock, and what is told by webhooks."""

import asyncio

from daybook.bootstrap import worker_platform
from daybook.processes.run import Ready
from daybook.schema import direct_url
from daybook.settings import Settings
from daybook.webhooks import outbox_of, sender_of
from infra.archive.shelf import Shelf
from infra.webhooks.outbox import outbox_follower
from workers.scheduler import Scheduler


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Until *stop*. Its commands are fixed by their causes, so that it may end anywhere."""
    async with worker_platform(settings, "scheduler") as platform:
        scheduler, outbox, sender = Scheduler(platform), outbox_of(platform), sender_of(settings, platform)
        outbox.on_rows = sender.wake
        follower = outbox_follower(direct_url(settings), outbox)
        follower.archive = Shelf(platform.objects)
        ready()
        async with asyncio.TaskGroup() as together:
            for work in (scheduler, follower, sender):
                together.create_task(work.run(stop))
