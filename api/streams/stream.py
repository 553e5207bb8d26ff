"""One open stream: facts, what passes, and the reasons to end it, side by side. Whichever ends first ends all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from api.kit.call import Call
from api.streams.frames import OPENING, PING
from api.streams.outbox import Outbox, ReaderTooSlow
from api.streams.passing import Passing
from domain.kernel.refusals import Refusal, Unavailable

#: A line now and then keeps proxies from thinking that nobody is there; then the credential is looked at again, too.
PING_SECONDS = 15.0
#: After the last event so long for a reader to take it.
LAST_SECONDS = 60.0

Facts = Callable[[Outbox], Awaitable[None]]


class Stream:
    """`send` is what the kit asks of an answer that is streamed. *facts* puts the log's events into the outbox, until there are no more."""

    def __init__(self, call: Call, facts: Facts, passing: Passing) -> None:
        self._call = call
        self._facts = facts
        self._passing = passing

    async def send(self, response: Any) -> None:
        transport = self._call.request.transport
        outbox = Outbox(response, transport)
        outbox.put(OPENING)
        sender = asyncio.create_task(outbox.run())
        facts = asyncio.create_task(self._tell(outbox))
        drained = asyncio.create_task(self._call.kit.drain.wait())
        tasks = [sender, facts, drained, *map(asyncio.ensure_future, [self._passing.run(outbox), self._live(outbox)])]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if facts.done() and not facts.cancelled() and facts.exception() is None:
                tasks.append(emptied := asyncio.ensure_future(outbox.emptied()))
                await asyncio.wait({sender, drained, emptied}, timeout=LAST_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        if outbox.stuck:
            # He does not read: the end could not be sent either.
            transport.abort()
        for error in ended:
            if isinstance(error, Exception) and not self._expected(error):
                transport.abort()
                raise error

    async def _tell(self, outbox: Outbox) -> None:
        await self._passing.listening.wait()
        await self._facts(outbox)

    async def _live(self, outbox: Outbox) -> None:
        """Ends with the credential."""
        platform, principal = self._call.platform, self._call.principal
        assert principal is not None, "streams are told to accounts"
        while True:
            left = PING_SECONDS
            if principal.expires_at is not None:
                left = min(left, (principal.expires_at - platform.clock.now()).total_seconds())
            if left <= 0:
                return
            await asyncio.sleep(left)
            try:
                principal = await platform.credentials.renewed(principal)
            except Unavailable:
                continue
            except Refusal:
                return
            if principal.suspended:
                return
            outbox.put(PING)

    def _expected(self, error: Exception) -> bool:
        """A reader who fell behind, an account that was erased meanwhile, a dependency that is away: the client comes back and is told."""
        return isinstance(error, (ReaderTooSlow, Refusal, *self._call.platform.unavailable))
