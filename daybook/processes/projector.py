"""The projector: folds the log into the read models."""

import asyncio

from daybook.measures import metrics_told
from daybook.objects import archive
from daybook.processes.run import Ready
from daybook.schema import direct_url
from daybook.settings import Settings
from infra.metrics.roles import RoleMetrics
from projections.projector import projector


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Until *stop*. A topic of a newer release ends the process with `upgrade_needed`."""
    counts = RoleMetrics("projector")

    def batch(events: int, seconds: float) -> None:
        counts.observe("batch_events", events)
        counts.observe("batch_seconds", seconds)

    async with archive(settings) as old, metrics_told(settings, "projector", counts.render):
        follower = projector(direct_url(settings), old)
        follower.projections.on_batch = batch
        await follower.prepare()
        ready()
        await follower.run(stop)
