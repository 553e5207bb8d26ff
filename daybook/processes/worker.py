"""The worker: claims generations and carries them to their end."""

import asyncio
from collections.abc import Sequence

from daybook.bootstrap import worker_platform
from daybook.processes.run import Ready
from daybook.settings import Settings
from workers.worker import SLOTS, Worker


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready, *, queues: Sequence[str] = (), concurrency: int = SLOTS) -> None:
    """Until *stop*; then nothing new is claimed, and what runs is finished or handed back."""
    async with worker_platform(settings, "worker") as platform:
        worker = Worker(platform, queues=queues, slots=concurrency)
        ready()
        await worker.run(stop)
