"""Snapshots of long streams, written in the background after the commit; a failure costs time later, never a command."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg

from domain.kernel.facts import Root
from domain.kernel.limits import SNAPSHOT_EVERY_EVENTS
from domain.kernel.refusals import Unavailable
from domain.ports import Connections
from infra.journal.pending import Round
from infra.journal.snapshots import freeze, shape_of

WAITING_MAX = 1_000
#: A snapshot is worth its bytes only after so many events: reading an event costs about as much as writing this.
BYTES_PER_EVENT = 64
STREAMS_MAX = 10_000

# Two processes may write the same one: they are equal.
INSERT = """
    INSERT INTO journal.snapshots (stream, version, position, kind, shape, state)
    VALUES (%(stream)s, %(version)s, %(position)s, %(kind)s, %(shape)s, %(state)s)
    ON CONFLICT DO NOTHING
"""

#: The aggregate as the log has it now. It may be the writer's own: nothing is awaited between getting and writing it.
Current = Callable[[type[Any], UUID], Awaitable[Root | None]]
logger = logging.getLogger(__name__)


class Snapshotter:
    """Watches rounds; `run` writes what they made due."""

    def __init__(self, connections: Connections, current: Current) -> None:
        self._connections = connections
        self._current = current
        self._due: asyncio.Queue[tuple[type[Root], UUID]] = asyncio.Queue(WAITING_MAX)
        #: The version before which another snapshot of a large state would cost more than it saves.
        self._not_before: dict[UUID, int] = {}

    def look_at(self, round_: Round) -> None:
        """Note the streams whose version passed a multiple of SNAPSHOT_EVERY_EVENTS."""
        for item in round_.items:
            for line in item.lines:
                if line.version % SNAPSHOT_EVERY_EVENTS or line.version < self._not_before.get(line.stream, 0):
                    continue
                # A snapshot that finds no place is made when the next one is due.
                if not self._due.full():
                    self._due.put_nowait((type(round_.touched[line.stream]), line.stream))

    async def run(self) -> None:
        while True:
            kind, stream = await self._due.get()
            try:
                await self.take(kind, stream)
            except (psycopg.Error, Unavailable, TypeError) as error:
                logger.warning("no snapshot of %s: %s", stream, error)

    async def take(self, kind: type[Root], stream: UUID) -> None:
        """Write the stream's state as the log has it now."""
        aggregate = await self._current(kind, stream)
        if aggregate is None:
            return
        state = freeze(aggregate)
        if len(self._not_before) >= STREAMS_MAX:
            self._not_before.clear()
        self._not_before[stream] = aggregate.version + len(state) // BYTES_PER_EVENT
        row = {
            "stream": stream,
            "version": aggregate.version,
            "position": aggregate.position,
            "kind": kind.TOPIC,
            "shape": shape_of(kind),
            "state": state,
        }
        async with self._connections.connection() as connection:
            await connection.execute(INSERT, row)
