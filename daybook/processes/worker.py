"""The worker: claims generations and carries them to their end."""

import asyncio
from collections.abc import Sequence

from daybook.bootstrap import worker_platform
from daybook.processes.run import Ready
from daybook.settings import Settings, SettingsError
from workers.worker import SLOTS, Worker


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready, *, queues: Sequence[str] = (), concurrency: int = SLOTS) -> None:
    """Until *stop*; then nothing new is claimed, and what runs is finished or handed back."""
    async with worker_platform(settings, "worker") as platform:
        _check_queues(queues, platform.catalogue.kinds())
        worker = Worker(platform, queues=queues, slots=concurrency)
        ready()
        await worker.run(stop)


def _check_queues(asked: Sequence[str], known: Sequence[str]) -> None:
    """Raises SettingsError: a worker of a queue that nobody fills would wait for ever."""
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise SettingsError([f"--queues has no queue named {', '.join(map(repr, unknown))}; there are {', '.join(known)}."])
