"""Snapshots of long streams: taken while the aggregates are as a round leaves them, written in the background once that
round is in the log. A failure costs time later, never a command.
"""

import asyncio
import logging
from typing import Any
from uuid import UUID

import psycopg

from domain.kernel.limits import SNAPSHOT_EVERY_EVENTS
from domain.kernel.refusals import Unavailable
from domain.ports import Connections
from infra.journal.pending import Round
from infra.journal.snapshots import freeze, shape_of

WAITING_MAX = 1_000
#: A snapshot is worth its bytes only after so many events: reading an event costs about as much as writing this.
BYTES_PER_EVENT = 64
STREAMS_MAX = 10_000
#: So many of a stream stay beside the newest: for processes of another release, whose state has another shape.
STAY = 3

# Two processes may write the same one: they are equal. Those that nobody reads any more go, or there would be more and more of them.
INSERT = f"""
    WITH made AS (
        INSERT INTO journal.snapshots (stream, version, position, kind, shape, state)
        VALUES (%(stream)s, %(version)s, %(position)s, %(kind)s, %(shape)s, %(state)s)
        ON CONFLICT DO NOTHING
    )
    DELETE FROM journal.snapshots WHERE stream = %(stream)s AND version < (
        SELECT version FROM journal.snapshots WHERE stream = %(stream)s ORDER BY version DESC OFFSET {STAY - 1} LIMIT 1
    )
"""

logger = logging.getLogger(__name__)


class Snapshotter:
    """`take` and `keep` are steps of the writer, without I/O; `run` writes what was kept."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._due: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WAITING_MAX)
        #: The version before which another snapshot of a large state would cost more than it saves.
        self._not_before: dict[UUID, int] = {}

    def take(self, round_: Round) -> None:
        """Freeze the streams whose version passes a multiple of SNAPSHOT_EVERY_EVENTS. Call it as soon as *round_* is decided."""
        if round_.torn:
            # One of its aggregates may carry facts that will not be recorded.
            return
        for item in round_.items:
            for line in item.lines:
                if line.version % SNAPSHOT_EVERY_EVENTS == 0 and line.version >= self._not_before.get(line.stream, 0):
                    self._take_one(round_, line.stream)

    def keep(self, round_: Round) -> None:
        """*round_* is in the log as it was decided, and its aggregates know their positions."""
        for stream, row in round_.frozen.items():
            # A snapshot that finds no place is made when the next one is due.
            if not self._due.full():
                self._due.put_nowait({**row, "position": round_.touched[stream.int].position})

    async def run(self) -> None:
        while True:
            row = await self._due.get()
            try:
                async with self._connections.connection() as connection:
                    await connection.execute(INSERT, row)
            except (psycopg.Error, Unavailable) as error:
                logger.warning("no snapshot of %s: %s", row["stream"], error)

    def _take_one(self, round_: Round, stream: UUID) -> None:
        aggregate = round_.touched[stream.int]
        kind = type(aggregate)
        try:
            state = freeze(aggregate)
        except TypeError as error:
            logger.warning("no snapshot of %s: %s", stream, error)
            return
        if len(self._not_before) >= STREAMS_MAX:
            self._not_before.clear()
        self._not_before[stream] = aggregate.version + len(state) // BYTES_PER_EVENT
        round_.frozen[stream] = {
            "stream": stream,
            "version": aggregate.version,
            "kind": kind.TOPIC,
            "shape": shape_of(kind),
            "state": state,
        }
