"""The projector: folds the log into the read models."""

import asyncio

from daybook.processes.run import Ready
from daybook.schema import direct_url
from daybook.settings import Settings
from projections.projector import projector


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Until *stop*. A topic of a newer release ends the process with `upgrade_needed`."""
    follower = projector(direct_url(settings))
    await follower.prepare()
    ready()
    await follower.run(stop)
