"""Leases kept by tasks of a simulated thread: what is kept, and when, is the real class's own."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from domain.dispatch.ports import KeepLeases, Leases, Listener, WorkerCard
from infra.dispatch import leases
from tests.simulation.server import Server, lost
from tests.simulation.virtual_loop import PROCESS, Process


class Answered:
    """What a plain cursor gives."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


class PlainConnection:
    """A connection of the thread: it waits for each answer, and meanwhile the rest of the process goes on."""

    def __init__(self, server: Server, process: Process) -> None:
        self._server = server
        self._process = process
        self._life = server.life

    def execute(self, query: str, values: Mapping[str, Any]) -> Answered:
        server = self._server
        if self._process in server.cut_off or server.away or server.life != self._life or server.hits(server.troubles.lost_before):
            raise lost("the leases' connection broke")
        return Answered(server.database.run(query, values).rows)


class SimulatedLeases(leases.PostgresLeases):
    """`_beat`, `_look`, `_renew` and who is held are real; `_run` and `_keep` are waits of a thread, so they are written again."""

    def __init__(self, server: Server, card: WorkerCard, listener: Listener) -> None:
        super().__init__("", card, listener)
        self._server = server
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        process = self._process = PROCESS.get()
        thread = Process(f"{process} leases")
        process.threads.append(thread)
        self._task = self._server.loop.spawn(thread, self._go_on())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        with suppress(psycopg.Error):
            PlainConnection(self._server, self._process).execute(leases.LEAVE, {"worker": self._card.worker})

    async def _go_on(self) -> None:
        while True:
            try:
                await self._keep_on(PlainConnection(self._server, self._process))
            except psycopg.Error:
                await asyncio.sleep(leases.LOOK_SECONDS)

    async def _keep_on(self, connection: Any) -> None:
        clock = asyncio.get_running_loop().time
        turns = [(leases.BEAT_SECONDS, self._beat), (leases.LOOK_SECONDS, self._look), (leases.RENEW_SECONDS, self._renew)]
        last = [float("-inf")] * len(turns)
        while True:
            await asyncio.sleep(leases.LOOK_SECONDS / 2)
            for number, (seconds, turn) in enumerate(turns):
                if clock() - last[number] >= seconds:
                    last[number] = clock()
                    turn(connection)


def keeper(server: Server) -> KeepLeases:
    """In place of `infra.dispatch.leases.keeper`."""

    @contextmanager
    def keep(card: WorkerCard, listener: Listener) -> Iterator[Leases]:
        kept = SimulatedLeases(server, card, listener)
        kept.start()
        try:
            yield kept
        finally:
            kept.stop()

    return keep
