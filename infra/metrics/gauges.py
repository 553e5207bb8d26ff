"""The gauges of an API process: what waits, how long, and how far the followers are behind."""

from collections.abc import Awaitable, Callable, Mapping

from domain.ports import Connections, Journal
from infra.metrics.registry import GaugeReader

# Depth and age of what is claimable, per queue; the age is the database's, because its clock wrote created_at.
QUEUES = """
SELECT queue, state, count(*) AS depth, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float AS oldest
  FROM dispatch.work GROUP BY queue, state
"""


def open_streams(count: Callable[[], int]) -> dict[str, GaugeReader]:
    """How many streams of events this process has open."""

    async def streams() -> dict[tuple[str, ...], float]:
        return {(): float(count())}

    return {"daybook_streams_open": GaugeReader("Open streams of events.", (), streams)}


def process_gauges(reads: Connections, journal: Journal, positions: Callable[[], Awaitable[Mapping[str, int]]]) -> dict[str, GaugeReader]:
    """Queue depth, oldest age and follower lag, read from the database at each scrape."""

    async def queues() -> list[tuple[str, str, int, float]]:
        async with reads.connection(timeout=1.0) as connection:
            return list(await (await connection.execute(QUEUES)).fetchall())

    async def depth() -> dict[tuple[str, ...], float]:
        return {(queue, state): float(count) for queue, state, count, _ in await queues()}

    async def oldest() -> dict[tuple[str, ...], float]:
        return {(queue, state): age for queue, state, _, age in await queues()}

    async def lag() -> dict[tuple[str, ...], float]:
        head = await journal.head()
        return {(name,): float(max(0, head - position)) for name, position in (await positions()).items()}

    return {
        "daybook_follower_lag_events": GaugeReader(
            "Events a read model has not seen yet; notary: events that no checkpoint covers yet.", ("model",), lag
        ),
        "daybook_queue_depth": GaugeReader("Work rows by queue and state.", ("queue", "state"), depth),
        "daybook_queue_oldest_seconds": GaugeReader("Age of the oldest work row.", ("queue", "state"), oldest),
    }
