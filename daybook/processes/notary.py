"""The notary: takes the log into a Merkle tree, signs checkpoints of it, and brings them into the object store."""

import asyncio

import structlog

from daybook.bootstrap import Ground, ground
from daybook.measures import metrics_told
from daybook.notarial import notary_of, publishing_of, sealing_of, wrapping_of
from daybook.processes.run import Ready
from daybook.schema import direct_url
from daybook.settings import Settings
from domain.notary.ports import WrappedKeyLost
from infra.metrics.roles import RoleMetrics
from projections.notary.keys import keep_up
from projections.notary.publishing import Publishing
from projections.notary.sink import NotaryFollower, NotarySink


async def serve(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Until *stop*. Nothing is lost when it ends anywhere: the next one goes on from the stored tree."""
    counts = RoleMetrics("notary")
    async with metrics_told(settings, "notary", counts.render), ground(settings, "notary") as base:
        sink = NotarySink(notary_of(base), every_events=settings.checkpoint_events, every_seconds=settings.checkpoint_seconds)
        await _keep_up(base)
        publishing, sealing = publishing_of(base), await sealing_of(base)
        _count(sink, publishing, counts)
        follower = NotaryFollower(direct_url(settings), sink)
        follower.archive = base.archive
        ready()
        async with asyncio.TaskGroup() as together:
            together.create_task(follower.run(stop))
            together.create_task(publishing.run(stop))
            together.create_task(sealing.run(stop))


async def _keep_up(base: Ground) -> None:
    """A quiet log may not be signed for long, and a change of the secret key must not wait for that."""
    try:
        async with base.reads.connection() as connection:
            await keep_up(connection, wrapping_of(base))
    except WrappedKeyLost as error:
        structlog.get_logger().error("the notary cannot sign", log="error", error=str(error))


def _count(sink: NotarySink, publishing: Publishing, counts: RoleMetrics) -> None:
    def look(lag: int, sealed: int) -> None:
        counts.level("lag_events", lag)
        counts.level("checkpoint_events", sealed)

    sink.on_look = look
    sink.on_signed = lambda: counts.count("checkpoints")
    sink.on_refusal = lambda: counts.count("refusals")
    publishing.on_published = lambda count: counts.count("published", count)
