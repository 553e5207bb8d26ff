"""The same book on a real journal: every acknowledgement is lost once, and the command is sent again."""

import asyncio
import itertools
from typing import Any
from uuid import UUID

from domain.kernel.commands import Command, Context, Decision
from domain.kernel.facts import Fact, Root
from tests.support.book import Aggregate, Book
from tests.support.journal import JournalWorld


class JournalBook(Book):
    """Ids come from *numbers*, which all books of a database share. The time is the book's own, as in memory."""

    def __init__(self, runner: asyncio.Runner, world: JournalWorld, numbers: "itertools.count[int]") -> None:
        super().__init__()
        self._runner, self._journal, self._numbers = runner, world.journal, numbers
        self._head = runner.run(world.journal.head())

    def get(self, kind: type[Aggregate], stream: UUID) -> Aggregate | None:
        return self._runner.run(self._journal.load(kind, stream))

    def when(self, command: Command) -> list[Fact]:
        return self._runner.run(self._sent(command))

    async def _sent(self, command: Command) -> list[Fact]:
        context = Context(actor="test", now=self.now, command_id=self.id())
        receipt = await self._journal.execute(command, context)
        again = await self._journal.execute(command, context)
        events = await self._journal.read(self._head, 1_000)
        # What changed nothing left nothing to be repeated.
        assert (again.result, again.repeated) == (receipt.result, bool(events))
        self._head += len(events)
        assert {event.command_id for event in events} <= {context.command_id}
        made = [event.fact for event in events]
        self.decision = Decision(account_id=None, result=receipt.result)
        self.facts += made
        return made

    def refold(self, aggregate: Root) -> Root:
        again: Any = super().refold(aggregate)
        again.position = aggregate.position
        return again
