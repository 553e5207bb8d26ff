"""Dispatcher, notary, projector and scheduler in one process: on one machine that saves start and memory."""

import asyncio
from collections.abc import Callable

from daybook.processes import dispatcher, notary, projector, scheduler
from daybook.processes.run import Ready
from daybook.settings import Settings

ROLES = (dispatcher.serve, notary.serve, projector.serve, scheduler.serve)


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Until *stop*, or until one of them fails: then all end, and `up` starts them again."""
    tell = _once_all(len(ROLES), ready)
    try:
        async with asyncio.TaskGroup() as together:
            for role in ROLES:
                together.create_task(role(settings, stop, tell))
    except BaseExceptionGroup as several:
        # The first is the reason why the others ended.
        raise several.exceptions[0] from several


def _once_all(count: int, ready: Ready) -> Callable[[], None]:
    """A `ready` that is passed on with the last of *count* calls."""
    waiting = count

    def tell() -> None:
        nonlocal waiting
        waiting -= 1
        if waiting == 0:
            ready()

    return tell
