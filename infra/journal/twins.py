"""Commands with the same id in flight in this process: the first is decided, the others wait for its answer."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from msgspec.structs import replace

from domain.kernel.commands import Context, Receipt
from domain.kernel.journal_refusals import IdempotencyKeyReused


class Twins:
    """By command id, the answer that is on its way and the fingerprint it is for."""

    def __init__(self) -> None:
        self._flying: dict[UUID, tuple[bytes | None, asyncio.Future[Receipt]]] = {}

    async def once(self, context: Context, submit: Callable[["asyncio.Future[Receipt]"], None]) -> Receipt:
        """The answer of *submit*'s command, or that of its twin. Cancelling the caller cancels nothing.

        Raises IdempotencyKeyReused when the twin is another request.
        """
        twin = self._flying.get(context.command_id)
        if twin is not None:
            fingerprint, answer = twin
            if fingerprint != context.fingerprint:
                raise IdempotencyKeyReused(errors=[("/Idempotency-Key", "is in use by a different request")])
            return replace(await asyncio.shield(answer), repeated=True)
        answer = asyncio.get_running_loop().create_future()
        submit(answer)
        self._flying[context.command_id] = context.fingerprint, answer
        answer.add_done_callback(lambda done: self._landed(context.command_id, done))
        return await asyncio.shield(answer)

    def _landed(self, command_id: UUID, answer: "asyncio.Future[Receipt]") -> None:
        self._flying.pop(command_id, None)
        if not answer.cancelled():
            # Marks a refusal as seen: its caller may have left.
            answer.exception()
