"""The projector: the follower whose sink folds the log into read models."""

import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import psycopg
from psycopg import AsyncConnection

from domain.kernel.journal_refusals import UpgradeNeeded
from projections.kernel.apply import Overtaken, apply
from projections.kernel.follower import POLL_SECONDS, Follower
from projections.kernel.model import LIVE, Place, ReadModel
from projections.kernel.reader import ENDLESS, Reader
from projections.kernel.states import GO_LIVE, NOTE, ModelState, prepare, states_of

BATCH_EVENTS = 2_000
NAME = "projector"

Observe = Callable[[int, float], None]


class Projections:
    """The sink. Models at the same position move together; those behind (new, or built again) are read for apart, so that
    the others do not wait, and join when they meet.
    """

    def __init__(self, models: Sequence[ReadModel], *, reader: Reader | None = None, batch_events: int = BATCH_EVENTS) -> None:
        self.models = {model.key: model for model in models}
        self.reader = reader or Reader()
        self.batch_events = batch_events
        #: For metrics: called with the number of events and the seconds of each batch.
        self.on_batch: Observe = lambda events, seconds: None
        #: Model -> position, as of the last step; for metrics.
        self.positions: dict[str, int] = {}
        #: Models that stopped and wait for a rebuild.
        self.stopped: list[str] = []

    async def step(self, conn: AsyncConnection[Any]) -> int:
        """One batch for each group of models. Returns the greatest number of events a group took.

        Raises UpgradeNeeded when a group stands before a topic that this build does not know; nothing is stepped over.
        """
        states = [state for state in await states_of(conn) if state.place == LIVE and state.key in self.models]
        self.positions = {state.name: state.position for state in states}
        self.stopped = [state.name for state in states if state.state == "stopped"]
        running = sorted((state for state in states if state.state != "stopped"), key=lambda state: -state.position)
        taken, upto = 0, ENDLESS
        for position, group in groupby(running, key=lambda state: state.position):
            taken = max(taken, await self._advance(conn, list(group), after=position, upto=upto))
            # A group behind ends its batch where the next one stands, so that they move on together.
            upto = position
        return taken

    async def _advance(self, conn: AsyncConnection[Any], group: Sequence[ModelState], *, after: int, upto: int) -> int:
        begun = time.perf_counter()
        try:
            events = await self.reader.read(conn, after=after, limit=self.batch_events, upto=upto)
        except UpgradeNeeded as error:
            await conn.execute(NOTE, {"error": f"{error.code}: {error}", "position": after})
            raise
        if not events:
            await _go_live(conn, group)
            return 0
        try:
            await apply(Place(conn), [self.models[state.key] for state in group], events, after=after)
        except Overtaken:
            # Another runner did this batch; the next step starts from where it left.
            return len(events)
        self.on_batch(len(events), time.perf_counter() - begun)
        return len(events)


class Projector(Follower):
    """Keeps read models up to the log: `run(stop)` for a process, `catch_up()` for commands and tests."""

    def __init__(self, dsn: str, models: Sequence[ReadModel], *, poll_seconds: float = POLL_SECONDS, batch_events: int = BATCH_EVENTS):
        self.projections = Projections(models, batch_events=batch_events)
        super().__init__(dsn, name=NAME, sink=self.projections, poll_seconds=poll_seconds)

    async def prepare(self) -> list[str]:
        """Make the tables that are missing. Returns the names of the models made."""
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as conn:
            return await prepare(conn, list(self.projections.models.values()))


async def _go_live(conn: AsyncConnection[Any], group: Sequence[ModelState]) -> None:
    for state in group:
        if state.state == "building":
            await conn.execute(GO_LIVE, {"name": state.name, "version": state.version})
