"""Commands of our own, sent until the journal has answered."""

from domain.kernel.commands import Command, Context, Receipt
from domain.kernel.ids import command_of_cause
from domain.ports import Clock, Journal
from workers.patience import patiently


class Orders:
    """Sends commands with an id fixed by their cause, so that any number of sends, by any number of processes, act once."""

    def __init__(self, journal: Journal, clock: Clock, actor: str) -> None:
        self._journal = journal
        self._clock = clock
        self.actor = actor

    async def send(self, command: Command, cause: str) -> Receipt:
        """Until it is decided: an outage only delays it.   Raises the domain's refusals."""
        command_id = command_of_cause(cause)

        async def once() -> Receipt:
            return await self._journal.execute(command, Context(actor=self.actor, now=self._clock.now(), command_id=command_id))

        return await patiently(type(command).__name__, once)
