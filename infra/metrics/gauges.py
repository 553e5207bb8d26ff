"""The gauges of an API process: what waits, how long, who serves it, and how far the followers are behind."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domain.ports import Connections, Journal
from infra.metrics.registry import GaugeReader
from projections.generations.everybodys import ended_lately

FAILED_SECONDS = 300

# Ages are the database's, because its clock wrote the times. What is ready has waited since then, all others since they were accepted.
QUEUES = """
    SELECT queue, state, count(*),
           extract(epoch FROM clock_timestamp() - min(CASE WHEN state = 'ready' THEN ready_at ELSE created_at END))::float8
    FROM dispatch.work GROUP BY queue, state
"""
PAUSED = "SELECT queue, paused::int FROM dispatch.queues"
SERVED = """
    SELECT s.queue, count(*) FROM dispatch.workers k, unnest(k.queues) AS s (queue)
    WHERE NOT k.draining AND k.last_beat > clock_timestamp() - interval '7 s' GROUP BY s.queue
"""
# Claimable, and somebody who serves it has a free slot: then it should have been begun at once.
LAG = """
    SELECT w.queue, extract(epoch FROM clock_timestamp() - min(w.ready_at))::float8 FROM dispatch.work w
    WHERE w.state = 'ready' AND NOT EXISTS (SELECT FROM dispatch.queues q WHERE q.queue = w.queue AND q.paused)
      AND EXISTS (SELECT FROM dispatch.workers k WHERE w.queue = ANY (k.queues) AND NOT k.draining AND k.running < k.slots
                  AND k.last_beat > clock_timestamp() - interval '7 s')
    GROUP BY w.queue
"""
LEASES = "SELECT count(*) FROM dispatch.work WHERE state = 'leased' AND lease_until < clock_timestamp()"
PARKED = """
    SELECT greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(poll_at)), 0))::float8 FROM dispatch.work WHERE state = 'parked'
"""
CIRCUITS = "SELECT provider, (open_until IS NOT NULL)::int FROM dispatch.providers"
FAILURES = "SELECT provider, failures FROM dispatch.providers"
DELIVERIES = "SELECT count(*) FROM webhooks.deliveries WHERE state = 'pending'"
OVERDUE = """
    SELECT greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0))::float8 FROM webhooks.deliveries
    WHERE state = 'pending' AND (lease_until IS NULL OR lease_until < clock_timestamp())
"""

#: name -> (help, label names, query): each row is the labels and the value.
READ: dict[str, tuple[str, tuple[str, ...], str]] = {
    "daybook_deliveries_overdue_seconds": ("For how long the oldest webhook delivery that is due has not been tried.", (), OVERDUE),
    "daybook_deliveries_waiting": ("Webhook deliveries that are still to be made.", (), DELIVERIES),
    "daybook_dispatch_lag_seconds": ("For how long something is claimable although a worker has a free slot for it.", ("queue",), LAG),
    "daybook_leases_expired": ("Leases that have lapsed and were not taken back yet.", (), LEASES),
    "daybook_parked_overdue_seconds": ("For how long the parked job that is due first has not been looked at.", (), PARKED),
    "daybook_provider_circuit_open": ("1 while a provider is left alone after failures in a row.", ("provider",), CIRCUITS),
    "daybook_provider_failures_in_a_row": ("Failures of a provider since it last succeeded.", ("provider",), FAILURES),
    "daybook_queue_paused": ("1 while an operator has paused the queue.", ("queue",), PAUSED),
    "daybook_queue_workers": ("Workers that serve the queue and reported just now.", ("queue",), SERVED),
}


def open_streams(count: Callable[[], int]) -> dict[str, GaugeReader]:
    """How many streams of events this process has open."""

    async def streams() -> dict[tuple[str, ...], float]:
        return {(): float(count())}

    return {"daybook_streams_open": GaugeReader("Open streams of events.", (), streams)}


def process_gauges(reads: Connections, journal: Journal, positions: Callable[[], Awaitable[Mapping[str, int]]]) -> dict[str, GaugeReader]:
    """Read from the database at each scrape."""

    # A scrape must not take all connections that requests read with.
    few = asyncio.Semaphore(2)

    async def rows(query: str) -> list[tuple[Any, ...]]:
        async with few, reads.connection(timeout=1.0) as connection:
            return list(await (await connection.execute(query.encode())).fetchall())

    def reader(query: str) -> Callable[[], Awaitable[dict[tuple[str, ...], float]]]:
        async def read() -> dict[tuple[str, ...], float]:
            return {tuple(labels): float(value) for *labels, value in await rows(query)}

        return read

    async def depth() -> dict[tuple[str, ...], float]:
        return {(queue, state): float(count) for queue, state, count, _ in await rows(QUEUES)}

    async def oldest() -> dict[tuple[str, ...], float]:
        return {(queue, state): age for queue, state, _, age in await rows(QUEUES)}

    async def failed() -> dict[tuple[str, ...], float]:
        async with few, reads.connection(timeout=1.0) as connection:
            lately = await ended_lately(connection, seconds=FAILED_SECONDS)
        found: dict[tuple[str, ...], float] = {}
        for each in lately:
            if each.code is not None:
                found[each.provider, each.code] = found.get((each.provider, each.code), 0.0) + each.count
        return found

    async def lag() -> dict[tuple[str, ...], float]:
        head = await journal.head()
        return {(name,): float(max(0, head - position)) for name, position in (await positions()).items()}

    return {
        "daybook_attempts_failed": GaugeReader(
            "Attempts that failed in the last five minutes, also those that are tried again.", ("provider", "code"), failed
        ),
        "daybook_follower_lag_events": GaugeReader(
            "Events a read model has not seen yet; notary: events that no checkpoint covers yet.", ("model",), lag
        ),
        "daybook_queue_depth": GaugeReader("Work rows by queue and state.", ("queue", "state"), depth),
        "daybook_queue_oldest_seconds": GaugeReader("Age of the oldest work row; when ready, since then.", ("queue", "state"), oldest),
        **{name: GaugeReader(help, labels, reader(query)) for name, (help, labels, query) in READ.items()},
    }
