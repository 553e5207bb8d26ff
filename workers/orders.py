"""Commands of our own, sent until the journal has answered."""

import asyncio
import logging
from uuid import UUID

from domain.kernel.commands import Command, Context, Receipt
from domain.kernel.ids import command_of_cause
from domain.kernel.refusals import Unavailable
from domain.ports import Clock, Journal

logger = logging.getLogger(__name__)

PAUSE_SECONDS_MAX = 5.0


class Orders:
    """Sends commands with an id fixed by their cause, so that any number of sends, by any number of processes, act once."""

    def __init__(self, journal: Journal, clock: Clock, actor: str) -> None:
        self._journal = journal
        self._clock = clock
        self.actor = actor

    async def send(self, command: Command, cause: str) -> Receipt:
        """Until it is decided: an outage only delays it.   Raises the domain's refusals."""
        command_id = command_of_cause(cause)
        pause = 0.05
        while True:
            try:
                return await self._once(command, command_id)
            except Unavailable as error:
                logger.warning("%s waits: %s", type(command).__name__, error)
                await asyncio.sleep(pause)
                pause = min(PAUSE_SECONDS_MAX, pause * 2)

    async def _once(self, command: Command, command_id: UUID) -> Receipt:
        return await self._journal.execute(command, Context(actor=self.actor, now=self._clock.now(), command_id=command_id))
