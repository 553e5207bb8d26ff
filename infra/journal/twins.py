"""Commands with the same id in flight in this process: the first is decided, the others wait for its answer."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from domain.kernel.commands import Context, Receipt
from domain.kernel.journal_refusals import IdempotencyKeyReused
from infra.journal.pending import Pending


class Twins:
    """The commands in flight by the numbers of their ids."""

    def __init__(self) -> None:
        self._flying: dict[int, Pending] = {}

    def once(self, context: Context, submit: Callable[[], Pending]) -> "asyncio.Future[Receipt]":
        """The answer of the command that *submit* accepts, or that of its twin. Cancelling the caller cancels nothing else.

        Raises IdempotencyKeyReused when the twin is another request.
        """
        pending = self._flying.get(context.command_id.int)
        if pending is None:
            pending = self._flying[context.command_id.int] = submit()
        elif pending.context.fingerprint != context.fingerprint:
            raise IdempotencyKeyReused(errors=[("/Idempotency-Key", "is in use by a different request")])
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        pending.waiting.append(answer)
        return answer

    def answered(self, command_id: UUID) -> None:
        self._flying.pop(command_id.int, None)
