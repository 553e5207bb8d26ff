"""A command on its way through the writer, and what was decided on it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from msgspec.structs import replace

from domain.kernel.commands import Command, Context, Decision, Handler, Need, Receipt
from domain.kernel.facts import Root
from infra.journal.append import Entry, Guard, Line


class Pending(Struct, eq=False):
    """One accepted command and who waits for it: its caller, then the callers of its twins.

    A caller that leaves cancels his future, and nothing else. `refused` counts the appends that refused what was decided; `look`: it is
    to be decided on what the log holds, not on what is remembered of it.
    """

    command: Command
    context: Context
    handler: Handler
    needs: Sequence[Need]
    answered: Callable[[UUID], object]
    waiting: "list[asyncio.Future[Receipt]]" = field(default_factory=list)
    refused: int = 0
    look: bool = False

    def succeed(self, receipt: Receipt) -> None:
        self.answered(self.context.command_id)
        for caller in self.waiting:
            if not caller.done():
                caller.set_result(receipt if caller is self.waiting[0] else replace(receipt, repeated=True))

    def fail(self, error: BaseException) -> None:
        self.answered(self.context.command_id)
        for caller in self.waiting:
            if not caller.done():
                caller.set_exception(error)


class Decided(Struct, eq=False):
    """One command of a round: a decision, or a refusal that answers the caller once the round is in the log."""

    pending: Pending
    decision: Decision | None
    refusal: BaseException | None
    guards: list[Guard]
    lines: list[Line] = field(default_factory=list)
    #: Whether it is part of the append; what changes nothing only waits for what it was decided on.
    sent: bool = False

    def __post_init__(self) -> None:
        self.sent = self.decision is not None and bool(self.lines or self.decision.work or self.decision.taken or self.decision.freed)


class Round(Struct, eq=False):
    """What one append carries. `items` are numbered from 1 in guards; only the sent ones go to the database."""

    items: list[Decided] = field(default_factory=list)
    #: By the numbers of their streams, see `Cache`.
    touched: dict[int, Root] = field(default_factory=dict)
    #: Rows of snapshots, without their positions, of aggregates as this round leaves them.
    frozen: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    #: Commands that could not be decided in this round, to be decided after it.
    left: list[Pending] = field(default_factory=list)
    #: The cache lost streams that this round changes: the next round waits for this one's end.
    torn: bool = False
    #: The arguments of the append, made while the round before is in flight. Whoever changes `items` afterwards takes them away.
    packed: dict[str, Any] | None = None

    def entries(self) -> list[Entry]:
        """What the append carries: a command that changes nothing only waits for what it was decided on."""
        return [Entry(item.pending.context, item.decision, item.guards, item.lines) for item in self.items if item.sent and item.decision]
