"""The notary as a follower: looks at the log's end now and then, and signs every so many events or seconds."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from psycopg import AsyncConnection

from domain.assets.storage import StoreUnavailable
from projections.kernel.follower import Follower
from projections.notary.notary import Notary, Overtaken, State
from projections.notary.patrol import Patrol
from projections.notary.refusals import NotaryRefuses

log = logging.getLogger(__name__)

NAME = "notary"
#: Nobody waits for a leaf: it is cheaper, and better for the writer, to take many at once.
LOOK_SECONDS = 0.2
#: After a refusal a person must look first; looking again costs a pass over the whole log.
REFUSED_SECONDS_MIN = 30.0
REFUSED_SECONDS_MAX = 3_600.0
#: While nobody can say what was published.
STORE_SECONDS = 5.0


class NotarySink:
    """Signs when *every_events* events are not covered by a checkpoint, or some are and *every_seconds* have passed."""

    def __init__(self, notary: Notary, *, every_events: int, every_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.notary = notary
        self.every_events = every_events
        self.every_seconds = every_seconds
        self._monotonic = monotonic
        self._signed_at = float("-inf")
        self._patrolled_at = float("-inf")
        self._patrol = Patrol(notary)
        self._resting_until = float("-inf")
        self._refused_seconds = REFUSED_SECONDS_MIN
        #: Told (events that no checkpoint covers, events of the last) after each look; for metrics.
        self.on_look: Callable[[int, int], None] = lambda lag, sealed: None
        #: Told after each refusal.
        self.on_refusal: Callable[[], None] = lambda: None
        #: Told after each signature.
        self.on_signed: Callable[[], None] = lambda: None

    async def step(self, conn: AsyncConnection[Any]) -> int:
        """One page of the log, and a signature when one is due. A refusal is said loudly and stops nobody else."""
        if self._monotonic() < self._resting_until:
            # A session that says nothing for long would be ended, and the lag must be told.
            self._look(await self.notary.state(conn))
            await asyncio.sleep(LOOK_SECONDS)
            return 0
        try:
            taken = await self._step(conn)
        except NotaryRefuses as refusal:
            await self._refuse(conn, refusal)
            return 0
        except StoreUnavailable as error:
            log.warning("the notary waits for the object store, which may know of a longer log: %s", error)
            self._resting_until = self._monotonic() + STORE_SECONDS
            return 0
        except Overtaken:
            return 1
        self._refused_seconds = REFUSED_SECONDS_MIN
        if taken == 0:
            await asyncio.sleep(LOOK_SECONDS)
        return taken

    async def _refuse(self, conn: AsyncConnection[Any], refusal: NotaryRefuses) -> None:
        log.error("the notary does not sign: %s", refusal)
        self.on_refusal()
        self._resting_until = self._monotonic() + self._refused_seconds
        self._refused_seconds = min(2 * self._refused_seconds, REFUSED_SECONDS_MAX)
        if refusal.about_the_log:
            await self.notary.say(conn, str(refusal))

    async def _step(self, conn: AsyncConnection[Any]) -> int:
        state = await self.notary.state(conn)
        self._look(state)
        if not self._due(state):
            await self._walk(conn, state)
            return 0
        taken = await self.notary.take(conn, state)
        size = state.size + taken
        if size - state.sealed >= self.every_events or (size == state.head > state.sealed and self._late()):
            sealed = await self.notary.seal(conn)
            self._signed_at = self._monotonic()
            self.on_signed()
            self.on_look(max(0, state.head - sealed.size), sealed.size)
        return taken

    def _look(self, state: State) -> None:
        self.on_look(state.head - state.sealed, state.sealed)

    async def _walk(self, conn: AsyncConnection[Any], state: State) -> None:
        """Look at a piece of what was signed long ago, as often as we sign."""
        if self._monotonic() - self._patrolled_at >= self.every_seconds:
            await self._patrol.step(conn, state)
            self._patrolled_at = self._monotonic()

    def _due(self, state: State) -> bool:
        """Also when the log has become shorter, which must be said, and when the tree has: it is made up to what is signed."""
        open_events = state.head - state.sealed
        return open_events < 0 or state.size < state.sealed or open_events >= self.every_events or (open_events > 0 and self._late())

    def _late(self) -> bool:
        return self._monotonic() - self._signed_at >= self.every_seconds


class NotaryFollower(Follower):
    """`run(stop)` for a process. `dsn` must lead to sessions, not to a transaction pooler."""

    def __init__(self, dsn: str, sink: NotarySink) -> None:
        super().__init__(dsn, name=NAME, sink=sink)
        self.signing = sink
